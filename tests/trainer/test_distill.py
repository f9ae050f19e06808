"""A model that teaches its own weights to be digits: what it keeps to, what it gains, how it is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantize.convert import convert_llama, folded, prepare
from tests.support.models import llama_config, llama_weights, microgpt_weights
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array, read_arrays, write_arrays
from trainer.model.decoder import forward_logits
from trainer.progress import nobody
from trainer.training.adam import Adam
from trainer.training.checkpoint import Interrupted
from trainer.training.digit_projection import adds_per_weight, is_digits
from trainer.training.distill import EVALUATIONS, Entry, Result, Settings, Student, distill
from trainer.training.own_text import own_text
from trainer.training.teacher import Teacher, text_logits
from trainer.weights import Weights

TEACHER = llama_weights(llama_config(20, 12, 16, (4, 2), 1, 24))
MICROGPT = microgpt_weights(ModelConfig(9, block_size=12, n_embd=16, n_head=2, n_hidden=24))
DIGITS = 1.0
SETTINGS = Settings(TEACHER.config, DIGITS, steps=40, seed=3)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, tokens in {"ROUND": 1200, "APART": 2400, "INFORMATION": 1200}.items():
        monkeypatch.setattr(f"trainer.training.teacher.{name}", tokens)
    monkeypatch.setattr("trainer.training.distill.BATCH", 240)


def run(
    folder: Path, settings: Settings = SETTINGS, stop_at: int | None = None, teacher: Weights = TEACHER
) -> tuple[Result, list[Entry]]:
    """stop_at: the step after which Ctrl-C is pressed."""
    entries: list[Entry] = []

    def tell(done: int) -> None:
        if done == stop_at:
            raise KeyboardInterrupt

    result = distill(
        teacher.tensors,
        replace(settings, config=teacher.config),
        folder / "c.npz",
        teacher.digest,
        entries.append,
        lambda stage, _parts: tell if stage == "steps" else nobody,
    )
    return result, entries


def untimed(entries: list[Entry]) -> list[Entry]:
    return [replace(entry, seconds=0.0) for entry in entries]


FAMILIES = pytest.mark.parametrize("teacher", [TEACHER, MICROGPT], ids=["llama", "microgpt"])


@FAMILIES
def test_the_weights_are_digits_within_the_budget_and_nearer_to_the_teacher_than_before(
    tmp_path: Path, teacher: Weights
) -> None:
    result, entries = run(tmp_path, teacher=teacher)
    grids = replace(SETTINGS, config=teacher.config).projection.grids
    adds = adds_per_weight(result.tensors, teacher.config, grids)
    sizes = {name: result.tensors[name].size for name in adds}
    assert set(sizes) == {name for name in teacher.tensors if is_digits(name, teacher.config)}
    digits = sum(adds[name] * size for name, size in sizes.items()) / sum(sizes.values())
    assert 0.9 < digits <= DIGITS
    np.testing.assert_array_equal(result.tensors["wte"] * 2**8, np.rint(result.tensors["wte"] * 2**8))
    assert len(entries) == 1 + EVALUATIONS and result.last == entries[-1] and result.first == entries[0]
    assert 0 < result.last.divergence < 0.7 * entries[0].divergence


def test_quantize_keeps_the_digits_also_where_keys_and_values_outgrow_their_bytes(tmp_path: Path) -> None:
    tensors = dict(run(tmp_path)[0].tensors)
    for name, factor in {"wk": 4, "wq": 1 / 4, "wv": 4, "wo": 1 / 4}.items():
        tensors[f"layer0.{name}"] = tensors[f"layer0.{name}"] * np.float32(factor)
    student = replace(TEACHER, tensors=tensors, info={"digits": 1.0, "grid": 9})
    given, prepared = folded(student, centred=False), prepare(student)
    model = convert_llama(prepared).model
    for name, exact in prepared.exact.items():
        scale = 2**model.logit_shift if name == "lm_head" else 1
        np.testing.assert_allclose(model.weights(name) * scale, exact, rtol=1e-7, atol=0, err_msg=name)
        ratio = np.abs(exact[exact != 0] / given[name][exact != 0])
        assert set(ratio.tolist()) <= {2.0**power for power in range(-4, 4)}, name
    assert (prepared.exact["layer0.wk"] != given["layer0.wk"]).any()
    assert all(np.abs(ends[0]).max() > 2 for ends in prepared.seen.values), "no value outgrows a byte"


@FAMILIES
def test_an_interrupted_run_goes_on_to_the_same_bytes(tmp_path: Path, teacher: Weights) -> None:
    (tmp_path / "whole").mkdir()
    whole, entries = run(tmp_path / "whole", teacher=teacher)
    with pytest.raises(Interrupted, match=r"at step 21: step 20 is kept in .*the same command goes on"):
        run(tmp_path, stop_at=21, teacher=teacher)
    again, rest = run(tmp_path, teacher=teacher)
    assert untimed(rest) == untimed(entries[-len(rest) :]) and len(rest) == EVALUATIONS - 10
    for name, tensor in whole.tensors.items():
        np.testing.assert_array_equal(again.tensors[name], tensor)


DAMAGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another format": (lambda header: header.update(format="snes-gpt weights 2"), "is not a checkpoint"),
    "another run": (lambda header: header.update(identity={"digits": 2.0}), "not a checkpoint of this run"),
    "no round": (lambda header: header.update(rounds=0), "damaged"),
    "a step that was not measured": (lambda header: header.update(step=7), "damaged"),
    "windows of another shape": (lambda header: header["student"].update(windows=[2]), "damaged"),
    "no log": (lambda header: header.pop("log"), "damaged"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_refused(
    tmp_path: Path, damage: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = run(tmp_path)[0].checkpoint
    header, arrays = read_arrays(path)
    damage(header)
    write_arrays(path, header, arrays)
    with pytest.raises(InputError, match=message):
        run(tmp_path)


@pytest.mark.parametrize("name", ["parameters", "information", "m", "v", "granted"])
def test_a_checkpoint_whose_numbers_are_wrong_is_refused(tmp_path: Path, name: str) -> None:
    path = run(tmp_path)[0].checkpoint
    header, arrays = read_arrays(path)
    wrong = arrays[name].copy()
    wrong[-1] = 99 if name == "granted" else np.nan
    for array in (wrong, wrong[:-1], None):
        write_arrays(path, header, {n: a for n, a in (arrays | {name: array}).items() if a is not None})
        with pytest.raises(InputError, match="damaged"):
            run(tmp_path)


def test_a_time_budget_ends_the_run(tmp_path: Path) -> None:
    result, entries = run(tmp_path, replace(SETTINGS, time_budget=0.5))
    assert 0.5 <= result.last.seconds < 5 and result.last.step > 0 and entries[-1] == result.last


def test_what_cannot_be_distilled_is_refused(tmp_path: Path) -> None:
    for digits in (0.0, -1.0, float("nan"), 5.0):
        with pytest.raises(InputError, match="above 0, and at most"):
            replace(SETTINGS, digits=digits)
    for budget in (0.0, float("inf"), float("nan")):
        with pytest.raises(InputError, match="no time to train"):
            replace(SETTINGS, time_budget=budget)
    large = dict(TEACHER.tensors) | {"layer0.wo": TEACHER.tensors["layer0.wo"] * np.float32(100)}
    with pytest.raises(InputError, match=r"layer0\.wo has a weight beyond"):
        distill(large, SETTINGS, tmp_path / "c.npz")
    with pytest.raises(InputError, match=r"layer0\.wo is not finite"):
        distill(dict(large) | {"layer0.wo": large["layer0.wo"] * np.float32(np.inf)}, SETTINGS, tmp_path / "c.npz")


def test_resume_never_begins_anew(tmp_path: Path) -> None:
    run(tmp_path)
    other = replace(SETTINGS, digits=2.0)
    with pytest.raises(InputError, match=r"nothing to resume; .* is of a run with digits 1\.0, not 2\.0"):
        distill(TEACHER.tensors, other, tmp_path / "c.npz", TEACHER.digest, resume=True)
    assert distill(TEACHER.tensors, SETTINGS, tmp_path / "c.npz", TEACHER.digest, resume=True).last.step == 40


def test_a_student_has_the_windows_that_were_chosen_for_its_speed(tmp_path: Path) -> None:
    windows = (3, 12, 1, 5)
    settings = replace(SETTINGS, digits=None, tokens_per_second=50.0)
    asked = []

    def choose(teacher: Teacher, information: Array) -> Student:
        asked.append(information.shape)
        return Student(1.5, windows)

    result = distill(TEACHER.tensors, settings, tmp_path / "c.npz", choose=choose)
    assert asked == [(TEACHER.config.n_params,)] and result.config == replace(TEACHER.config, windows=windows)
    logits = text_logits(result.tensors, result.config, result.teacher.apart)
    assert result.teacher.judge(logits)[1] == pytest.approx(result.last.divergence)
    again = distill(TEACHER.tensors, settings, tmp_path / "c.npz", choose=choose)
    assert len(asked) == 1 and again.student == result.student, "the checkpoint knows"


def test_windows_cost_more_the_narrower_they_are() -> None:
    teacher = Teacher(TEACHER.tensors, TEACHER.config, 0)
    teacher.write(1)
    costs = teacher.window_costs((1, 4, 11, 12))
    assert costs.shape == (1, 4, 4) and (costs[..., 0] > costs[..., 2]).all() and (costs[..., 3] == 0).all()


def test_a_run_that_diverges_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Adam, "update", lambda adam, parameters, *_: parameters.fill(np.nan))
    with pytest.raises(InputError, match="the loss diverged at step 2"):
        run(tmp_path)
    assert not list(tmp_path.iterdir()), "or the same command would go on from it for ever"


def test_own_text_goes_on_from_its_middle_and_knows_its_logits() -> None:
    text = own_text(TEACHER.tensors, TEACHER.config, 5, np.random.default_rng(1))
    assert text.tokens.shape == (10, 13) and (text.tokens[:5, 0] == TEACHER.config.bos).all()
    np.testing.assert_array_equal(text.tokens[5:, :6], text.tokens[:5, 6:12])
    some = text.some(np.array([7, 0]))
    expected = forward_logits(TEACHER.tensors, TEACHER.config, some.tokens[:, :-1]).reshape(24, -1).T
    np.testing.assert_allclose(some.logits(TEACHER.tensors["lm_head"]), expected, rtol=1e-3, atol=1e-4)
