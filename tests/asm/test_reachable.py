"""Nothing dead is in a cartridge: every routine and table assembled is reached from the vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from asm.build import Rom, build_rom
from quantize.convert import quantize
from quantize.model import IntegerModel
from tests.support.models import digit_model, gpt2_config, gpt2_model, llama_config, llama_model, random_model
from tests.support.reachability import dead
from tests.support.story_models import story_config, story_model
from trainer.config import ModelConfig
from trainer.weights import load_weights

SHAPE = ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_layer=2, n_hidden=16)
SQUARED = replace(SHAPE, activation="relu2")
LONG_NAMES = replace(SHAPE, block_size=24)
MICROGPT = Path(__file__).parents[2] / "checkpoints/microgpt.npz"

CARTRIDGES: dict[str, Callable[[], IntegerModel]] = {
    "microgpt": lambda: quantize(load_weights(MICROGPT), "digits"),
    "microgpt, schoolbook": lambda: quantize(load_weights(MICROGPT), "schoolbook"),
    "schoolbook, names on two lines": lambda: random_model(LONG_NAMES),
    "schoolbook, squared": lambda: random_model(SQUARED),
    "digits, two layers": lambda: digit_model(SHAPE),
    "digits, squared": lambda: digit_model(SQUARED),
    "digits, second matrix in rows": lambda: digit_model(SHAPE, active=0.9),
    "digits, squared, second matrix in rows": lambda: digit_model(SQUARED, active=0.9),
    "digits, small weights": lambda: digit_model(SHAPE, 7, wo=0.06, fc2=0.12),
    "digits, no front table": lambda: digit_model(ModelConfig(300, 256, 16, 2, 1, 32)),
    "llama": lambda: llama_model(llama_config(9, 5, 8, (2, 1), 2, 20)),
    "gpt2": lambda: gpt2_model(gpt2_config(9, 5, 8, 2, 2, 60)),
    "gpt2, sections and cuts": lambda: gpt2_model(gpt2_config(9, 5, 128, 2, 1, 60), fc1=3.0),
    "llama, pieces": lambda: story_model(story_config(5)),
}


def names(rom: Rom) -> set[str]:
    return {name for piece in dead(rom) for name in piece.names}


@pytest.fixture(scope="module", params=CARTRIDGES)
def model(request: pytest.FixtureRequest) -> IntegerModel:
    return CARTRIDGES[request.param]()


@pytest.mark.slow
@pytest.mark.parametrize(("traced", "profiled"), [(False, False), (True, False), (False, True)])
def test_nothing_is_assembled_that_nothing_reaches(model: IntegerModel, traced: bool, profiled: bool) -> None:
    assert not names(build_rom(model, traced=traced, profiled=profiled))


MODEL = random_model(replace(SHAPE, n_layer=1))
DEAD = """
proc never, 16, 16
        call only_from_never
        rts
endproc
proc only_from_never, 16, 16
        lda f:table_of_never
        tail_call never
endproc
        .segment "TABLES"
table_of_never: .word 1
        .segment "CODE"
"""
HIDDEN_CALLS = {
    "a call that is not assembled": "        .if 0\n        call never\n        .endif\n",
    "an assertion": '        .assert .loword(never) <> 0, lderror, "never"\n',
    "an equate that nobody uses": "nobody = never\n",
}
ALIVE = {
    "a call": "        call never\n",
    "a macro": "        say INK_GREY, never\n",
    "a table of addresses": "        ldx .loword(addresses)\n        bra :+\naddresses: .addr .loword(never)\n:\n",
    "an equate": "        ldx #.loword(alias)\nalias = never\n",
    "a jump by number": "        jmp .loword(never + 1)\n",
}


def with_never(inside: str = "") -> Rom:
    """A cartridge with routines that nobody calls, but perhaps the about screen's."""

    def edit(files: dict[str, bytes]) -> None:
        begin = b"proc about_page, 16, 16\n"
        text = files["about_page.asm"]
        assert begin in text
        files["about_page.asm"] = text.replace(begin, begin + inside.encode()) + DEAD.encode()

    return build_rom(MODEL, edit=edit)


NEVER = {"never", "only_from_never", "table_of_never"}


def test_routines_that_call_only_each_other_are_dead_with_their_table() -> None:
    assert names(with_never()) == NEVER


@pytest.mark.parametrize("inside", HIDDEN_CALLS.values(), ids=HIDDEN_CALLS)
def test_a_name_that_is_in_no_byte_reaches_nothing(inside: str) -> None:
    assert names(with_never(inside)) == NEVER


@pytest.mark.slow
@pytest.mark.parametrize("inside", ALIVE.values(), ids=ALIVE)
def test_a_name_in_any_byte_reaches_all_behind_it(inside: str) -> None:
    assert names(with_never(inside)) == set()


@pytest.mark.parametrize(("last", "found"), [("nop", set()), ("jmp done", {"next"})])
def test_a_routine_reaches_the_one_it_runs_on_into(last: str, found: set[str]) -> None:
    def edit(files: dict[str, bytes]) -> None:
        proc = f"proc first, 16, 16\ndone:   {last}\nendproc\nproc next, 16, 16\n        rts\nendproc\n"
        text = files["about_page.asm"].replace(
            b"proc about_page, 16, 16\n", b"proc about_page, 16, 16\n call first\n"
        )
        files["about_page.asm"] = text + proc.encode()

    assert names(build_rom(MODEL, edit=edit)) == found
