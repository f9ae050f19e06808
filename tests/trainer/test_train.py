"""Training is repeatable, interruptible and never leaves half a file."""

from __future__ import annotations

import json
import re
import warnings
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as CliResult

from snesgpt.commands.benchmark import command as benchmark_command
from snesgpt.commands.train import command as train_command
from tests.support.small_training import HELD_OUT, SETTINGS, TOKENIZER, TRAINING, run, sample
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import read_arrays
from trainer.model.decoder import loss_per_token
from trainer.training.checkpoint import Interrupted
from trainer.training.train import Diverged, Settings, as_vector, train
from trainer.weights import load_weights


def test_same_seed_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again = run(tmp_path), run(tmp_path)
    assert as_vector(first.tensors).tobytes() == as_vector(again.tensors).tobytes()
    assert first.log == again.log
    assert len({entry.samples for entry in first.log}) == len(first.log), "each measurement has samples of its own"
    other = run(tmp_path, replace(SETTINGS, seed=1))
    assert as_vector(other.tensors).tobytes() != as_vector(first.tensors).tobytes()


def test_the_weights_kept_are_those_with_the_lowest_held_out_loss(tmp_path: Path) -> None:
    result = run(tmp_path, replace(SETTINGS, learning_rate=0.3))
    held_out = [entry.validation for entry in result.log if entry.candidate]
    assert held_out[-1] > min(held_out), "the run must end worse than its best for this test to mean anything"
    encoded = [TOKENIZER.encode(text) for text in HELD_OUT]
    measured = loss_per_token(result.tensors, SETTINGS.config, encoded)
    assert measured == pytest.approx(min(held_out), rel=1e-6)
    assert result.nll_float == min(held_out)


@pytest.mark.parametrize("stop_at", [1, 46, 119])
def test_an_interrupted_run_resumed_equals_one_never_interrupted(tmp_path: Path, stop_at: int) -> None:
    whole = run(tmp_path)
    with pytest.raises(Interrupted, match=f"at step {stop_at}: step .* is kept in .*the same command goes on"):
        run(tmp_path, stop_at=stop_at)
    resumed = run(tmp_path)
    assert resumed.seconds > 0 and resumed.log == whole.log
    assert as_vector(resumed.tensors).tobytes() == as_vector(whole.tensors).tobytes()
    assert not list(tmp_path.iterdir())


def test_the_same_run_goes_on_by_itself_and_says_so_and_another_leaves_the_checkpoint_alone(tmp_path: Path) -> None:
    other = run(tmp_path, replace(SETTINGS, seed=4))
    with pytest.raises(Interrupted):
        run(tmp_path, stop_at=60)
    (kept,) = tmp_path.iterdir()
    before = kept.read_bytes()
    assert (
        as_vector(run(tmp_path, replace(SETTINGS, seed=4)).tensors).tobytes() == as_vector(other.tensors).tobytes()
    )
    assert kept.read_bytes() == before
    lines: list[str] = []
    steps: list[int] = []
    train(
        TRAINING,
        HELD_OUT,
        TOKENIZER,
        SETTINGS,
        tmp_path / "c.npz",
        report=lambda state, progress: steps.append(state.step),
        sample=sample,
        tell=lines.append,
    )
    assert lines == [f"going on at step {steps[0] - 1}, kept in {kept} (delete it to begin anew)"]
    assert 42 <= steps[0] - 1 <= 60


def refuse(*_arguments: object, **_options: object) -> None:
    raise RuntimeError("no such font")


def test_whatever_fails_after_the_last_step_costs_no_step_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint of a finished run stays until its weights are safe, and all that is made of them."""
    text, out = tmp_path / "text.txt", tmp_path / "weights.npz"
    text.write_text("\n".join(TRAINING + HELD_OUT))
    command = ("--data", text, "--steps", 30, "--n-embd", 8, "--out", out)
    with monkeypatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", refuse)
        failed = invoke(*command)
    assert isinstance(failed.exception, InputError) and "loss.png: no such font" in str(failed.exception)
    weights = out.read_bytes()
    again = invoke(*command)
    assert again.exit_code == 0, again.output
    assert "going on at step 30" in again.stderr and " left: " not in again.stderr, "no step is made again"
    assert out.read_bytes() == weights
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loss.png", "text.txt", "weights.npz"]


@pytest.mark.parametrize(
    "name", ["a$b_$c.txt", "caf\udce9.txt", "two\nlines.txt", "тест ½ 日本.txt", "n" * 251 + ".txt"]
)
def test_a_name_of_any_characters_is_a_name(tmp_path: Path, name: str) -> None:
    text, out = tmp_path / name, tmp_path / "weights.npz"
    text.write_text("\n".join(TRAINING + HELD_OUT))
    with warnings.catch_warnings(action="error"):
        result = invoke("--data", text, "--steps", 2, "--n-embd", 8, "--out", out)
    assert result.exit_code == 0, result.output
    assert load_weights(out).info["data"] == name.replace("\udce9", "\ufffd")


def test_an_interruption_names_the_step_that_is_really_on_disk(tmp_path: Path) -> None:
    with pytest.raises(Interrupted) as caught:
        run(tmp_path, stop_at=46)
    (kept,) = tmp_path.glob("c-*.npz")
    header, _ = read_arrays(kept)
    named = re.search(r"step (\d+) is kept", str(caught.value))
    assert named and int(named[1]) == header["step"] == 42


def test_resume_refuses_a_missing_foreign_or_damaged_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to resume"):
        run(tmp_path, resume=True)
    with pytest.raises(Interrupted):
        run(tmp_path, stop_at=60)
    with pytest.raises(InputError, match=r"nothing to resume; .* is of a run with seed 0, not 4"):
        run(tmp_path, replace(SETTINGS, seed=4), resume=True)
    with pytest.raises(InputError, match=r"nothing to resume; .* is of a run with n_hidden 16, not 12"):
        run(tmp_path, replace(SETTINGS, config=replace(SETTINGS.config, n_hidden=12)), resume=True)
    (checkpoint,) = tmp_path.iterdir()
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a model file"):
        run(tmp_path, resume=True)


def test_a_time_budget_decides_length_and_learning_rate_instead_of_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_steps = run(tmp_path, replace(SETTINGS, steps=64))
    clock = count()
    monkeypatch.setattr("trainer.training.train.time.perf_counter", lambda: float(next(clock)))
    by_time = run(tmp_path, replace(SETTINGS, time_budget=64.0))
    assert (by_time.steps, by_time.seconds) == (64, 64.0)
    assert as_vector(by_time.tensors).tobytes() == as_vector(by_steps.tensors).tobytes()
    assert by_time.log == by_steps.log


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        (
            replace(SETTINGS, learning_rate=1e6),
            r"lower learning rate than 1e\+06 or a lower weight decay than 0.1$",
        ),
        (replace(SETTINGS, learning_rate=1e30), "a lower learning rate"),
        (replace(SETTINGS, weight_decay=1e6), "a lower weight decay"),
        (replace(SETTINGS, hidden_price=1e30), "a lower price of hidden units"),
    ],
)
def test_a_diverging_run_says_so_and_the_same_command_begins_anew(
    tmp_path: Path, settings: Settings, advice: str
) -> None:
    for _ in range(2):
        with warnings.catch_warnings(action="error"), pytest.raises(Diverged, match=f"at step .*{advice}"):
            run(tmp_path, settings)
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rate", [1, 30, 200, 600, 1e3, 1e4])
@pytest.mark.parametrize("decay", [0.0, 0.1, 1e10])
def test_what_an_interrupted_run_leaves_can_be_gone_on_with(tmp_path: Path, rate: float, decay: float) -> None:
    settings = replace(SETTINGS, learning_rate=rate, weight_decay=decay)
    with pytest.raises((Diverged, Interrupted)):
        run(tmp_path, settings, stop_at=61)
    with suppress(Diverged):
        run(tmp_path, settings)
    assert not list(tmp_path.iterdir())


def invoke(*arguments: str | int | Path) -> CliResult:
    return CliRunner().invoke(train_command, [str(argument) for argument in arguments])


def test_train_writes_the_same_files_each_time_and_reports_them_as_json(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("\n".join(TRAINING + HELD_OUT))
    outputs = []
    for name in ("one", "two"):
        out = tmp_path / name / "weights.npz"
        result = invoke("--data", text, "--steps", 30, "--n-embd", 8, "--block-size", 6, "--out", out, "--json")
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        outputs.append((out.read_bytes(), (out.parent / "loss.png").read_bytes()))
    assert outputs[0] == outputs[1]
    weights = load_weights(out)
    assert weights.config == ModelConfig(3, block_size=6, n_embd=8, n_hidden=32)
    assert report["nll_float"] == weights.info["nll_float"]
    assert report["weights"] == str(out) and weights.info["data"] == "text.txt"
    assert str(tmp_path).encode() not in out.read_bytes()
    assert "longer than 5 characters" in result.stderr
    assert sorted(path.name for path in out.parent.iterdir()) == ["loss.png", "weights.npz"]


def test_each_measurement_is_a_line_with_losses_time_left_and_samples(tmp_path: Path) -> None:
    text, out = tmp_path / "text.txt", tmp_path / "weights.npz"
    text.write_text("\n".join(TRAINING + HELD_OUT))
    options = ("--preset", "small", "--steps", 25, "--n-embd", 8, "--validation", "0.25", "--dropout", "0.1")
    result = invoke("--data", text, *options, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stderr.splitlines() if " left: " in line]
    assert len(lines) == 21, "twenty, and an early one after the first step"
    assert all(
        re.match(r" *\d+%  training \d\.\d+, validation \d\.\d+, \d+:\d\d left: [ab, ]*$", line) for line in lines
    )
    info, log = load_weights(out).info, json.loads(result.stdout)["log"]
    noted = info["measurements"]
    assert [entry[:3] for entry in noted] == [(step, *(round(loss, 5) for loss in losses)) for step, *losses in log]
    assert [line.partition(" left: ")[2] for line in lines] == [", ".join(texts) for _, _, _, texts in noted]
    assert (info["preset"], info["validation"], info["dropout"]) == ("small", 0.25, 0.1)
    assert info["nll_float"] not in [validation for _, _, validation in log], "the held-out text chose nothing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "absent.txt"], "absent.txt does not exist"),
        (["--n-embd", "10"], "not divisible by n_head 4"),
        (["--block-size", "1"], "block_size is 1"),
        (["--time-budget", "0"], "leaves no time to train"),
        (["--learning-rate", "nan"], "learning rate must be above zero"),
        (["--resume"], "nothing to resume"),
        (["--out", "."], "is a directory"),
        (["--out", "text.txt/weights.npz"], "cannot write"),
    ],
)
def test_a_wrong_option_is_an_input_error_before_training_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("\n".join(TRAINING))
    result = invoke("--data", "text.txt", *arguments)
    assert isinstance(result.exception, InputError), result.output
    assert message in str(result.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.txt"]


@pytest.mark.slow
def test_the_benchmark_counts_the_documents_of_both_versions(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("\n".join(TRAINING))
    result = CliRunner().invoke(benchmark_command, ["--data", str(text), "--rounds", "1", "--json"])
    report = json.loads(result.stdout)
    assert report["scalar_documents"] == 4
    assert report["numpy_documents"] == 200 * report["batch_size"]
    ratio = report["numpy_documents_per_second"] / report["scalar_documents_per_second"]
    assert report["ratio"] == pytest.approx(ratio)
    assert ratio > 100
