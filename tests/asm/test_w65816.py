"""The table of opcodes by which the hardware rules read a cartridge is the assembler's."""

from __future__ import annotations

from pathlib import Path

import pytest

from asm.toolchain import assemble
from tests.support.golden_listing import LINE
from tests.support.w65816 import OPCODES, decode
from tests.support.w65816 import Mode as M

WRITTEN = {
    **{M.IMPLIED: "", M.ACCUMULATOR: "a", M.SIGNATURE: "$12"},
    **dict.fromkeys((M.IMMEDIATE, M.IMMEDIATE_A, M.IMMEDIATE_X), "#$12"),
    **{
        M.DIRECT: "z:$12",
        M.DIRECT_X: "z:$12, x",
        M.DIRECT_Y: "z:$12, y",
        M.INDIRECT: "($12)",
        M.INDIRECT_X: "($12, x)",
    },
    **{M.INDIRECT_Y: "($12), y", M.FAR_INDIRECT: "[$12]", M.FAR_INDIRECT_Y: "[$12], y", M.STACK: "$12, s"},
    **{M.STACK_Y: "($12, s), y", M.ABSOLUTE: "a:$12", M.ABSOLUTE_X: "a:$12, x", M.ABSOLUTE_Y: "a:$12, y"},
    **{M.LONG: "f:$12", M.LONG_X: "f:$12, x", M.RELATIVE: "*+$12", M.FAR_RELATIVE: "*+$12"},
    **{M.POINTER: "($1234)", M.POINTER_X: "($1234, x)", M.FAR_POINTER: "[$1234]", M.BLOCK: "#$12, #$34"},
}
"""A mode → an operand as ca65 reads it."""


@pytest.mark.parametrize("bits", [8, 16])
def test_every_opcode_is_read_as_the_assembler_writes_it(bits: int, tmp_path: Path) -> None:
    lines = [
        f'        .p816\n        .a{bits}\n        .i{bits}\n        .segment "CODE"',
        *(f"        {name} {WRITTEN[mode]}" for name, mode in map(OPCODES.__getitem__, range(256))),
    ]
    (listing,) = assemble({"all.asm": "\n".join(lines).encode()}, ["all"], tmp_path, listed=True).listings
    found = [
        match[1].split() for match in map(LINE.match, listing.decode().splitlines()) if match and match[1].strip()
    ]
    assert [int(code[0], 16) for code in found] == [*range(256)]
    for opcode, code in enumerate(found):
        read = bytes.fromhex("".join(code).replace("rr", "00")) + bytes(4)
        instruction = decode(lambda at, read=read: read[at], 0, bits == 8, bits == 8)  # type: ignore[misc]
        assert (instruction.name, instruction.mode) == OPCODES[opcode]
        assert instruction.size == len(code), str(instruction)


@pytest.mark.parametrize(
    ("code", "narrow", "cycles"),
    [
        ("EA", False, 2),  # nop
        ("A9 34 12", False, 3),  # lda #
        ("A9 34", True, 2),
        ("A5 12", False, 4),  # lda direct
        ("85 12", True, 3),
        ("AD 06 23", False, 5),  # lda absolute
        ("8D 54 22", True, 4),
        ("AF 00 00 40", False, 6),  # lda long
        ("48", False, 4),  # pha
        ("0A", False, 2),  # asl a
        ("06 12", False, 7),  # asl direct
        ("EE 53 22", False, 8),  # inc absolute
        ("B7 12", False, 7),  # lda [direct], y
        ("D0 00", False, 2),  # bne, not taken
        ("C2 30", False, 3),  # rep
        ("68", False, 5),  # pla
        ("EB", False, 3),  # xba
        ("22 00 80 00", False, 8),  # jsl
    ],
)
def test_no_instruction_is_counted_longer_than_the_data_sheet_says(code: str, narrow: bool, cycles: int) -> None:
    read = bytes.fromhex(code)
    counted = decode(lambda at: read[at], 0, narrow, narrow).cycles
    assert 2 <= counted <= cycles
