"""A game's handlers may interrupt a library anywhere: at every instruction of every kernel that its model has."""

from __future__ import annotations

import pytest

from asm.library.place import Place
from quantize.kernel import STOCK
from tests.support.library_code import pieces
from tests.support.library_game import CORES, Player, game, wanted
from tests.support.library_models import MODELS

ALL = [*MODELS, "names without the PPU"]
ENOUGH = 4000
"""Runs, of which each is interrupted somewhere else; far fewer do."""


def runs(name: str, core: str, most: int) -> tuple[set[int], list[list[int]]]:
    """Short texts until every piece that was met was met at every instruction: those addresses, what is not met."""
    model = MODELS[name.split()[0]](STOCK)
    built = game(model, Place(ppu_multiplier=" without" not in name))
    parts, met = pieces(built.library.rom), set[int]()
    left: list[list[int]] = []
    with Player(built, core, noise=4) as player:
        player.start()
        said = {seed: wanted(model, seed, 12, (), 90)[:3] for seed in range(5)}
        for number in range(most):
            player.disturb(False)
            player.begin(number % 5, 12, 90)
            player.disturb(dot=number * 7 % 336, beam=8 + number % 13, step=1 + number * 5 % 331)
            assert player.tokens(3) == said[number % 5], f"run {number}"
            met |= set(player.shots())
            if number % 50 == 49 and not (left := [part for part in parts if met & {*part} and not met >= {*part}]):
                break
    return met & {at for part in parts for at in part}, left


@pytest.mark.parametrize("name", ALL)
def test_every_instruction_can_be_interrupted(name: str) -> None:
    met, left = runs(name, "snes9x", ENOUGH)
    assert len(met) > 500
    assert not left, [hex(at) for part in left for at in part if at not in met][:10]


@pytest.mark.parametrize("name", ALL)
def test_in_the_other_core_too(name: str) -> None:
    met, _ = runs(name, CORES[1], 30)
    assert len(met) > 500
