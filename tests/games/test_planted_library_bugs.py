"""Bugs that are planted in a library, each found by a check that passes without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from asm.library.files import build_library
from asm.library.place import Place
from quantize.kernel import STOCK
from quantize.model import IntegerModel
from quantize.ranges import prove
from tests.support.library_game import Player, Registers, drawn_after, game_of, wanted
from tests.support.library_models import MODELS

Check = Callable[[Player, IntegerModel], None]


def texts(player: Player, model: IntegerModel) -> None:
    """Some texts one after another, the first with a beginning; interrupts come everywhere."""
    letters = [model.symbols.index(letter) for letter in "ka"] if "k" in model.symbols else []
    for number in range(40):
        given = letters if number % 4 == 0 else []
        player.disturb(False)
        player.begin(number, 12, 90)
        if given:
            assert player.feed("ka")
        player.disturb(dot=number * 7 % 336, beam=8 + number % 13, step=1 + number * 5 % 331)
        said = wanted(model, number, 12, given, 90)[:40]
        assert player.tokens(len(said) + 1 if not model.goes_on else len(said)) == said


def stopped(player: Player, model: IntegerModel) -> None:
    """A token that is stopped is the same again."""
    said = wanted(model, 21, 12)
    for after in range(1, 700, 9):
        player.disturb(False)
        player.begin(21, 12)
        player.disturb(stop_after=after)
        got = player.tokens()
        while len(got) < len(said):
            before = len(got)
            got += player.tokens()
            assert len(got) > before
        assert got == said


def given(player: Player, model: IntegerModel) -> None:
    """As much as there is room for, and no more; progress."""
    size = model.config.block_size
    player.begin(3, 8)
    assert not player.feed("a" * size)
    assert player.feed("a" * (size - 1))
    a = model.symbols.index("a")
    assert player.tokens() == wanted(model, 3, 8, [a] * (size - 1))
    assert player.call("gpt_progress") == player.game.constants["GPT_STEPS"]


def midway(player: Player, model: IntegerModel) -> None:
    """A token that is given in the midst of a text."""
    said, z = wanted(model, 2, 10)[:2], model.symbols.index("z")
    player.begin(2, 10)
    assert player.tokens(2) == said
    player.call("gpt_feed", z)
    assert player.tokens() == drawn_after(model, [*said, z], 2, 10)


def registers(player: Player, model: IntegerModel) -> None:
    """Those of the caller's."""
    player.begin(1, 5)
    player.call("gpt_next", state=Registers(d=0x1234, b=0x81, x=0x4321, y=0x1111, flags=0x10))


@dataclass(frozen=True)
class Bug:
    """What is changed in a source file, and the check that finds it."""

    name: str
    file: str
    old: str
    new: str
    check: Check = texts
    model: str = "names"
    ppu: bool = True


BUGS = (
    Bug("the guard goes back too little", "library.asm", "ldx #8\n", "ldx #5\n"),
    Bug(
        "or not behind a store",
        "library.asm",
        "        ldx #5\n        bra if_factor",
        "        bra unharmed",
    ),
    Bug("it does not swap A back", "library.asm", "        xba                     ; as", "        nop   ; as"),
    Bug("it takes the game's bank for the library's", "library.asm", "cmp #LIBRARY_BANKS", "cmp #0"),
    Bug("a token is not drawn", "work.asm", "        set drawn, 1\n", ""),
    Bug(
        "a full text does not end",
        "work.asm",
        "cmp #N_CONTEXT - 1",
        "cmp #N_CONTEXT",
        model="memory",
    ),
    Bug("an old text's beginning stays", "library.asm", "        stz given_tokens\n", ""),
    Bug("the temperature is not set", "library.asm", "        call set_temperature\n", ""),
    Bug("top-p is not set", "library.asm", "call set_top_p\n", "nop\n"),
    Bug("Y is lost", "library.asm", "leave:  ply\n        plx\n", "leave:  ply\n        ply\n", registers),
    Bug(
        "the data bank is lost",
        "library.asm",
        "        pld\n        plb\n",
        "        pld\n        pla\n",
        registers,
    ),
    Bug("the seed's draw is lost", "work.asm", "        sta random_x\n", "", stopped),
    Bug("steps are not counted from zero", "work.asm", "stz steps_done", "nop", given),
    Bug("a given token is put behind its place", "feed.asm", "        adc position ", "        nop ;", midway),
    Bug(
        "one token more than there is room for",
        "feed.asm",
        "        cmp #N_CONTEXT\n",
        "        cmp #N_CONTEXT + 1\n",
        given,
    ),
    Bug(
        "a running text does not go on",
        "work.asm",
        "        call continue_text\n",
        "        stz given_tokens\n",
        model="running",
    ),
    Bug(
        "a factor's last bit",
        "math.asm",
        "        ldx #16\n        lsr product",
        "        ldx #15\n        lsr product",
    ),
    Bug(
        "no sign of the factor",
        "multiply.asm",
        "        bpl :+\n        a8 ",
        "        bra :+\n        a8 ",
        ppu=False,
    ),
    Bug("no sign of the other", "multiply.asm", "        sbc a:factor\n", "        sbc #0\n", ppu=False),
    Bug(
        "it does not wait for a product",
        "multiply.asm",
        "        lda f:RDMPYL            ; low",
        "        lda f:RDDIVL ; low",
        ppu=False,
    ),
)


def played(bug: Bug, *, planted: bool) -> None:
    model = MODELS[bug.model](STOCK)

    def edit(files: dict[str, bytes]) -> None:
        text = files[bug.file].decode()
        assert bug.old in text, bug.name
        files[bug.file] = text.replace(bug.old, bug.new, 1).encode()

    place = Place(ppu_multiplier=bug.ppu)
    library = build_library(prove(model), place, edit=edit if planted else None)
    with Player(game_of(library), "snes9x" if bug.ppu else "bsnes", noise=11) as player:
        player.start()
        bug.check(player, model)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: str(bug.name))
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with pytest.raises((AssertionError, TimeoutError)) as found:
        played(bug, planted=True)
    assert bug.name not in str(found.value)


@pytest.mark.parametrize(
    "bug", {(bug.check, bug.model, bug.ppu): bug for bug in BUGS}.values(), ids=lambda bug: str(bug.name)
)
def test_without_it_the_check_passes(bug: Bug) -> None:
    played(bug, planted=False)
