"""The two products that a game's library makes in its own way, against Python's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from asm.build import symbols
from asm.library.place import Place
from quantize.kernel import STOCK
from tests.support.library_game import CORES, Game, Player, Registers, game
from tests.support.library_models import trained

CASES = 60
STUB = 0x7FF0
"""Offset in the library's first bank, which ends empty: `jsr routine`, `rtl`."""


def with_stub(built: Game, at: int) -> Game:
    """The same with a far call that leads to a near routine."""
    image, place = bytearray(built.image), built.library.place.first_bank * 0x8000 + STUB
    assert image[place : place + 4] == b"\xff" * 4
    image[place : place + 4] = b"\x20" + (at & 0xFFFF).to_bytes(2, "little") + b"\x6b"
    stub = built.library.target.bank_start(0) + STUB
    return replace(built, image=bytes(image), constants=built.constants | {"stub": stub})


@pytest.mark.parametrize("core", CORES)
def test_a_product_without_the_ppu(core: str) -> None:
    """Every sign, and the ends of both ranges."""
    built = game(trained(STOCK), Place(ppu_multiplier=False))
    at = symbols(built.library.rom.debug)
    built = replace(built, constants=built.constants | at)
    random = np.random.default_rng(1)
    edges = [(a, b) for a in (-32768, -1, 0, 1, 255, 256, 32767) for b in (-128, -1, 0, 1, 127)]
    drawn = zip(*(random.integers(-end, end, CASES).tolist() for end in (32768, 128)), strict=True)
    with Player(built, core, noise=7) as player:
        for a, b in [*edges, *drawn]:
            player.console.write(at["factor"], (a & 0xFFFF).to_bytes(2, "little"))
            player.console.write(at["times"], (b & 0xFF).to_bytes(1, "little"))
            state = Registers(flags=0x10, d=0x2100, b=0x7E, y=0x56)
            kept = player.call("multiply_factor", 0xA55A, state, keeps_x=False)
            whole = int.from_bytes(player.console.read(at["whole"], 3), "little")
            assert (kept, whole) == (0xA55A, a * b & 0xFFFFFF), (a, b)


@pytest.mark.parametrize("core", CORES)
def test_a_product_without_the_cpu_s_multiplier(core: str) -> None:
    built = game(trained(STOCK))
    at = symbols(built.library.rom.debug)
    page, bank = built.library.target.direct_page, built.library.target.program_bank
    random = np.random.default_rng(2)
    edges = [(a, b) for a in (0, 1, 255, 256, 65535) for b in (0, 1, 0x8000, 65535)]
    drawn = zip(*random.integers(0, 65536, (2, CASES)).tolist(), strict=True)
    with Player(with_stub(built, at["mul_u16"]), core, noise=8) as player:
        for a, b in [*edges, *drawn]:
            player.console.write(page + at["mul_a"], a.to_bytes(2, "little") + b.to_bytes(2, "little"))
            player.call("stub", 0, Registers(d=page, b=bank), keeps_x=False)
            assert int.from_bytes(player.console.read(page + at["product"], 4), "little") == a * b
