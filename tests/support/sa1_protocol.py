"""What two processors that make one token after another must keep, on a cartridge whose sources may have a bug.

Each of these plays a cartridge as a person or a host does, with a processor that is late where that is what it
takes, and raises AssertionError or TimeoutError where anything is lost, wrong, or too late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from asm.build import Rom, build_rom
from quantize.executor import Executor
from quantize.kernel import SA1
from quantize.model import IntegerModel
from quantize.sampler import Request, documents, run
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import requests, verify
from tests.support.models import model_for
from tests.support.planted_bugs import Bug, all_of
from tests.support.power_on import noise_in_iram, scramble_all
from tests.support.screens import NAMES_A_PAGE, Screens
from tests.support.slow import (
    late_to_count,
    late_to_go_on,
    late_to_hold,
    late_to_look,
    sa1_slow,
    sa1_slow_to_choose,
    sa1_slow_to_go_on,
)
from trainer.config import ModelConfig

PAGE, SOME = NAMES_A_PAGE, 4
"""Names of a page, and enough of them where a processor is late."""

PAGES = 3

MOST_FRAMES = 1500
Play = Callable[[Bug | None], None]


@cache
def model() -> IntegerModel:
    """A small one, whose tokens take a tenth of a frame; many of its names are as long as its context."""
    return replace(model_for(SA1, ModelConfig(9, 5, n_embd=4, n_head=2, n_hidden=4)), info={"temperature": 1.3})


@cache
def names(count: int = PAGE) -> list[str]:
    """The first of its page."""
    return documents(Executor(model()), Request(1, 13, count))


@cache
def rom() -> Rom:
    """Its cartridge without a bug: none moves a name of memory."""
    return build_rom(model())


def image(*bugs: Bug | None) -> bytes:
    """Its cartridge."""
    return build_rom(model(), edit=all_of(*filter(None, bugs))).image


def shown(page: Screens, count: int) -> list[str]:
    """Names on the screen, once `count` are made."""
    page.console.run_until(lambda _: page.word("names_made") >= count, MOST_FRAMES)
    page.console.run(2)
    return page.listed()[:count]


def page_is_right(bug: Bug | None, *late: Bug, core: str = "snes9x", count: int = PAGE) -> None:
    """Names are made, nobody presses but for no pauses; every token is counted once."""
    with Console(image(bug, *late), core) as console:
        page = Screens(console, rom())
        for _ in range(2):
            page.push("start")
        assert page.word("names_pause") == 0
        assert shown(page, count) == names(count)
        for number in range(PAGES if count == PAGE else 0):
            first = number * PAGE
            assert shown(page, PAGE) == names(PAGES * PAGE)[first : first + PAGE]
            assert page.word("tokens_made") == tokens(number)
            page.push("a")


@cache
def tokens(number: int) -> int:
    """Of a page of names."""
    made = run(Executor(model()), [Request(1, 13, PAGES * PAGE)])[0]
    ends = [n for n, token in enumerate(made) if token.position == 0] + [len(made)]
    return ends[(number + 1) * PAGE] - ends[number * PAGE]


def presses_lose_nothing(bug: Bug | None, *late: Bug, core: str = "snes9x") -> None:
    """B and A in turn, at all points of a token."""
    with Console(image(bug, *late), core) as console:
        page, presses = Screens(console, rom()), 0
        while page.word("names_made") < SOME:
            page.push("b", frames=1)
            page.push("a", frames=1)
            console.run(7 + presses % 29)
            presses += 1
            assert console.frames < MOST_FRAMES, "no name is made"
        assert shown(page, SOME) == names(SOME)
    assert presses > SOME


def is_heard_at_once(bug: Bug | None, core: str = "snes9x") -> None:
    """However long a token takes."""
    with Console(image(bug, sa1_slow(40)), core) as console:
        page = Screens(console, rom())
        console.run_until(lambda _: page.word("tokens_made") == 1, MOST_FRAMES)
        console.run(20)
        console.press("b")
        console.run(3)
        assert "PAUSED" in page.rows()[25]


def host_gets_all(bug: Bug | None, core: str = "snes9x") -> None:
    """Every logit, draw and token of a host's requests."""
    with Console(image(bug), core) as console:
        found = verify(
            Host(console, model(), frames_per_token=60), Executor(model()), requests(model(), 200), tokens=200
        )
    assert (found.mismatches, found.first) == (0, None)


def is_woken(bug: Bug | None) -> None:
    """Nobody waits for the picture: several tokens a frame."""
    with Console(image(bug), "bsnes") as console:
        page = Screens(console, rom())
        for _ in range(2):
            page.push("start")
        page.push("up")
        made, begun = page.word("tokens_made"), console.frames
        console.run_until(lambda _: page.word("names_made") == PAGE, MOST_FRAMES)
        assert page.word("tokens_made") - made > 3 * (console.frames - begun)


def noise_is_cleared(bug: Bug | None, core: str = "snes9x") -> None:
    """Whatever the cartridge's memories hold at power-on."""
    with Console(image(bug, noise_in_iram(1)), core) as console:
        scramble_all(console, 1)
        assert shown(Screens(console, rom()), SOME) == names(SOME)


def until_seed(page: Screens, seed: int) -> None:
    """Until names are made with it."""
    page.console.run_until(lambda _: page.word("names_seed") == seed, MOST_FRAMES)


def another_seed_begins_anew(bug: Bug | None) -> None:
    """Its names are its own, whenever it is chosen: nothing that was made for the last one is among them."""
    with Console(image(bug, sa1_slow(1), late_to_look())) as console:
        page = Screens(console, rom())
        for seed in range(2, 8):
            console.run(11 + seed)
            page.push("up")
            until_seed(page, seed)
            assert shown(page, 2) == documents(Executor(model()), Request(seed, 13, 2))


@cache
def completions() -> list[str]:
    """Of the screen of prompts, when nobody waited for the names."""
    with Console(rom().image) as console:
        return completed(Screens(console, rom()))


def completed(page: Screens) -> list[str]:
    """The rows of completions."""
    page.open("prompt")
    page.console.run_until(lambda _: page.word("completions_made") == 10, MOST_FRAMES)
    page.console.run(2)
    return page.rows()[13:23]


def completes_the_same(bug: Bug | None) -> None:
    """After a whole page of names: the SA-1 does not go on with what was left there."""
    wanted = completions()
    with Console(image(bug)) as console:
        page = Screens(console, rom())
        assert shown(page, PAGE) == names()
        assert completed(page) == wanted


PLAYS: dict[str, Play] = {
    "a page": page_is_right,
    "the S-CPU goes on late": lambda bug: page_is_right(bug, late_to_go_on()),
    "the S-CPU counts late": lambda bug: page_is_right(bug, late_to_count()),
    "the S-CPU looks late": lambda bug: page_is_right(bug, late_to_look()),
    "presses, the SA-1 is slow": lambda bug: presses_lose_nothing(bug, sa1_slow(7)),
    "presses, in bsnes": lambda bug: presses_lose_nothing(bug, sa1_slow(3), core="bsnes"),
    "presses, it is slow to choose": lambda bug: presses_lose_nothing(bug, sa1_slow_to_choose(7)),
    "presses, the S-CPU looks late": lambda bug: presses_lose_nothing(bug, sa1_slow(1), late_to_look()),
    "presses, it is slow to go on": lambda bug: presses_lose_nothing(bug, sa1_slow_to_go_on(4)),
    "presses, the S-CPU holds late": lambda bug: presses_lose_nothing(bug, sa1_slow(2), late_to_hold()),
    "presses, both are slow": lambda bug: presses_lose_nothing(bug, sa1_slow(6), late_to_count()),
    "a press at once": is_heard_at_once,
    "a host": host_gets_all,
    "several tokens a frame": is_woken,
    "noise at power-on": noise_is_cleared,
    "another seed": another_seed_begins_anew,
    "completions after a page": completes_the_same,
}
