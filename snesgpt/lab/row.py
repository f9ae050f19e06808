"""A row of a matrix as the code it is in the cartridge, instruction by instruction, for the lab page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from asm.cost.instructions import Instruction
from asm.kernels.straight_code import CodePart, Unit
from asm.layout import Layout
from asm.targets.target import Target
from quantize.kernels.digit_rows import DigitRows
from quantize.model import IntegerModel
from snesgpt.lab.model import Json

SLOT = re.compile(r"(PLUS|MINUS) \+ (\d+)$")
WHAT = {
    "clc": "no carry to begin with",
    "lsr": "halve; the bit that falls out waits in the carry and rounds the next sum",
    "adc": "take the bias off",
    "sbc": "take some of the bias off",
    "sta": "keep the result",
}


def row_as_code(model: IntegerModel, layout: Layout, row: int = 0) -> Json | None:
    """A logit's row and the digits it is made of; None where rows are not code, or do not read the stream, cut.

    Of all a microgpt's matrices lm_head has the plainest code: inputs are single slots, and a row ends by storing
    its result.
    """
    matrix = "lm_head"
    kernel = model.head
    if not isinstance(kernel, DigitRows) or not kernel.clamp:
        return None
    part, unit = _unit(layout.code, f"{matrix}[{row}]:")
    return {
        "matrix": matrix,
        "row": row,
        "label": part.label,
        "comment": unit.comment,
        "bytes": unit.size,
        "clocks": round(unit.clocks(layout.target)),
        "bias": kernel.clamp >> kernel.clamp_shift,
        "weights": model.tensors[matrix][row].tolist(),
        "exponent": model.exponent(matrix),
        "digits": [{"shift": plane.shift, "digits": plane.digits[row].tolist()} for plane in kernel.planes(model)],
        "lines": [_line(instruction, layout.target) for instruction in unit.code],
    }


def _unit(code: Sequence[CodePart], comment: str) -> tuple[CodePart, Unit]:
    return next((part, unit) for part in code for unit in part.units if unit.comment.startswith(comment))


def _line(instruction: Instruction, target: Target) -> Json:
    """An instruction with what it does: `input` and `sign` where it reads bias ± x, `constant` where one."""
    mnemonic, _, operand = instruction.text.partition(" ")
    line: Json = {"text": instruction.text, "bytes": instruction.size, "clocks": round(target.clocks(instruction))}
    if slot := SLOT.search(operand):
        sign, column = (1 if slot[1] == "PLUS" else -1), int(slot[2]) // 2
        verb = "begin with" if mnemonic == "lda" else "add"
        return line | {
            "comment": f"{verb} bias {'+' if sign > 0 else '−'} x[{column}]",
            "input": column,
            "sign": sign,
        }
    if operand.startswith("#"):
        line["constant"] = int(operand[2:], 16)
    return line | {"comment": WHAT.get(mnemonic, "nothing to add")}
