"""The long runs on the console's logic, with an emulator in its place: they compare, stop, and go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest

import rtl.prove
from quantize.executor import Executor
from quantize.ranges import ProvedModel, prove
from quantize.sampler import Request, Token
from quantize.sampler import run as right
from rtl.prove import Run, execute, is_done, path_of, read_state, report
from tests.support.models import digit_model
from trainer.config import ModelConfig
from trainer.errors import InputError

pytestmark = pytest.mark.emulator

CORE = "snes9x"
RUN = Run("small", "none", 40)


@pytest.fixture(scope="module")
def proved() -> ProvedModel:
    return prove(digit_model(ModelConfig(vocab_size=5, n_embd=8, n_head=2, n_layer=1, block_size=8), seed=1))


@pytest.fixture(autouse=True)
def results(proved: ProvedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own, and that model in every run."""
    monkeypatch.setattr(rtl.prove, "RESULTS", tmp_path)
    monkeypatch.setattr(Run, "model", lambda run: proved)
    yield tmp_path


def test_a_run_that_is_stopped_goes_on_and_ends_like_one_that_is_not() -> None:
    whole = replace(RUN, name="whole")
    execute(whole, CORE)

    def stop(tokens: int) -> None:
        if tokens > RUN.tokens // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(RUN, CORE, stop)
    kept = read_state(RUN)
    assert kept is not None and kept.requests > 0 and not is_done(RUN, kept)
    state, uninterrupted = execute(RUN, CORE), read_state(whole)
    assert uninterrupted is not None and is_done(RUN, state)
    assert (state.tokens, state.values, state.mismatches) == (uninterrupted.tokens, uninterrupted.values, 0)


def test_the_report_is_the_sum_of_runs_that_are_done() -> None:
    runs = [RUN, replace(RUN, name="traced", traced=True)]
    states = [execute(run, CORE) for run in runs]
    found = report(runs)
    assert found["values"] == sum(state.values for state in states) > 100 * RUN.tokens
    assert (found["mismatches"], found["runs"]["traced"]["rom"]) == (0, states[1].rom)
    with pytest.raises(InputError, match="begun: this run is not done yet"):
        report([*runs, replace(RUN, name="begun")])


def test_what_is_done_is_not_done_again() -> None:
    done = execute(RUN, CORE)
    assert execute(RUN, CORE, lambda tokens: pytest.fail("a token was compared again")) == done


def test_requests_have_every_temperature_and_prompts(proved: ProvedModel) -> None:
    first = list(islice(rtl.prove.asked(proved.model), 20))
    assert {request.tenths for request in first} == {0, 5, 10, 13, 20}
    assert {len(request.prompt) for request in first if request.tenths == 5} > {0, 1}


def test_a_long_text_is_cut_and_another_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """At half of what is left: the first text is seen far into it, and there are others."""
    monkeypatch.setattr(rtl.prove, "asked", lambda model: (Request(n, 5, 9) for n in count(1)))
    state = execute(replace(RUN, tokens=30), CORE)
    assert (state.tokens, state.mismatches) == (30, 0)
    assert state.requests == len([15, 8, 4, 2, 1])


def test_another_rom_begins_anew() -> None:
    execute(RUN, CORE)
    traced = replace(RUN, traced=True)
    state = execute(traced, CORE)
    assert state.values > 100 * state.tokens and state.mismatches == 0


def test_a_value_that_differs_ends_a_run_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_logit_off(model: Executor, requests: list[Request], *, traced: bool) -> list[list[Token]]:
        texts = right(model, requests, traced=traced)
        logits = np.array(texts[0][1].logits)
        logits[3] += 1
        texts[0][1] = replace(texts[0][1], logits=logits)
        return texts

    monkeypatch.setattr(rtl.prove, "run_model", one_logit_off)
    state = execute(RUN, CORE)
    assert (state.tokens, state.mismatches) == (2, 1)
    assert state.first is not None and "token 1: logits[3]" in state.first
    assert is_done(RUN, state)


def test_texts_that_end_elsewhere_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtl.prove, "run_model", lambda *given, **options: [right(*given, **options)[0][:-1]])
    state = execute(RUN, CORE)
    assert state.mismatches == 1 and "another number of tokens" in str(state.first)


def test_a_file_that_is_no_state_is_one_line() -> None:
    path_of(RUN).write_text('{"tokens": 3}')
    with pytest.raises(InputError, match="is not the state of a run") as error:
        execute(RUN, CORE)
    assert "\n" not in str(error.value)
