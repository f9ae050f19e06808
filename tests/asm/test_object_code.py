"""The clocks of straight code, from the assembler's bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from asm.cost.object_code import routines, segments
from asm.targets.stock import STOCK
from asm.toolchain import assemble

FETCH, RAM = STOCK.fetch, STOCK.ram


def clocks(source: str, folder: Path, taken: tuple[float, ...] = ()) -> list[float]:
    text = f'.p816\n.a16\n.i16\n.segment "CODE"\nstart:\n{source}\n rtl\n'
    (listing,) = assemble({"code.asm": text.encode()}, ["code"], folder, listed=True).listings
    end = 3 * FETCH + 3 * RAM
    return [found - end for found in routines(segments(listing)["CODE"], STOCK, taken)]


@pytest.mark.parametrize(
    ("source", "fetched", "accessed"),
    [
        ("clc", 2, 0),
        ("lda #$1234", 3, 0),
        ("sep #$20\n .a8\n lda #$12", 5, 0),
        ("sep #$10\n .i8\n ldx #$12", 5, 0),
        ("rep #$30\n ldx a:$10", 6, 2),
        ("lda $10", 2, 2),
        ("sta a:elsewhere", 3, 2),
        ("sep #$10\n .i8\n stx a:$1000", 6, 1),
        ("lda f:elsewhere, x", 6, 0),
        ("lda f:$7E2000", 4, 2),
        ("pea $2100\n pld\n lda $36", 10, 4),
        ("pea 0\n pld\n lda $36", 8, 6),
        (".repeat 3\n xba\n .endrepeat", 9, 0),
    ],
)
def test_an_instruction_takes_what_the_data_sheet_says(
    source: str, fetched: int, accessed: int, tmp_path: Path
) -> None:
    assert clocks(source, tmp_path) == [fetched * FETCH + accessed * RAM]


def test_code_that_is_jumped_over_counts_as_often_as_it_runs(tmp_path: Path) -> None:
    source = "bcc :+\n lda #1\n bcs :+\n lda #2\n: clc"
    first, second = 0.75, 0.5
    expected = 2 + first + (1 - first) * (3 + 2 + second + (1 - second) * 3) + 2
    assert clocks(source, tmp_path, (first, second)) == [pytest.approx(expected * FETCH)]


def test_every_routine_of_a_segment_is_counted(tmp_path: Path) -> None:
    assert clocks("clc\n rtl\n nop_: lda #1", tmp_path) == [2 * FETCH, 3 * FETCH]


def test_a_loop_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="a loop is not straight code"):
        clocks(": dex\n bne :-", tmp_path, (0.5,))
