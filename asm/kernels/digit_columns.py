"""A matrix as columns: the sums they add to, and the code of one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from asm.cost.instructions import Instruction, direct_page, immediate, implied, memory
from asm.kernels.digit_rows import square
from asm.kernels.routine import HALVINGS, SLOT_PAGE, Site, Template
from quantize.digits import Plane
from quantize.kernels.digit_columns import ActiveColumns
from quantize.program import leaves


@dataclass(frozen=True)
class ColumnPage:
    """The direct page of the columns: the sums they add to, and a hidden unit's shifted copies, by offset.

    shared: behind the slots in their own page, so that a column need not change the direct page.
    """

    label: str
    sums: int
    shifted: int
    shared: bool

    def take(self, mnemonic: str, name: str, offset: int) -> Instruction:
        """Read or write a word of the page; beyond its 256 bytes by absolute address."""
        base = self.sums if name == "SUMS" else self.shifted
        if base + offset < 256:
            return memory(mnemonic, f"<{name} + {offset}", direct=True)
        return memory(mnemonic, f"{self.label} + {name} + {offset}", direct=False)


def column_page(d: int) -> ColumnPage:
    """Behind the slots where they leave room, else a page of its own, the shifted copies first."""
    copies = 2 * (HALVINGS + 1)
    if 6 * d + copies <= 256:
        return ColumnPage(SLOT_PAGE, 4 * d, 6 * d, True)
    return ColumnPage("column_page", copies, 0, False)


def page_bytes(d: int) -> Mapping[str, int]:
    """Bytes of the columns' own page, 0 if they share the slots', and of the slots'."""
    copies = 2 * (HALVINGS + 1)
    shared = column_page(d).shared
    return {"column_page": 0 if shared else copies + 2 * d, "slots": 6 * d + copies if shared else 4 * d}


@dataclass(frozen=True)
class AddSums:
    """The routine that adds a column's sums to the residual stream, where they are 2^exponent times too large."""

    exponent: int

    @property
    def entry(self) -> str:
        """Its label."""
        return f"add_sums_{self.exponent}"


@dataclass(frozen=True)
class ColumnSumsCode(Template):
    """The sums cleared, and added for every exponent that a model has."""

    template: ClassVar[str] = "column_sums"
    sums: tuple[AddSums, ...]


def column_sums(site: Site) -> ColumnSumsCode:
    """The routine for every exponent of a model's matrices."""
    kernels = [kernel for kernel in leaves(site.model.program) if isinstance(kernel, ActiveColumns)]
    exponents = sorted({site.model.exponent(kernel.block.weight) for kernel in kernels})
    return ColumnSumsCode("column_sums", "", tuple(map(AddSums, exponents)))


def column(layers: Sequence[Plane], unit: int, page: ColumnPage, *, squared: bool) -> list[Instruction]:
    """Note a hidden unit, for a trace and the x-ray screen, and add its column to the sums.

    Its shifted copies once, then one add or subtract a digit.
    """
    code: list[Instruction] = []
    if squared:
        code += square(squared)
    code.append(memory("sta", f"hidden + {2 * unit}", direct=False))
    if not page.shared:
        code += direct_page(page.label)
    used = [plane.shift for plane in layers if plane.digits[:, unit].any()]
    code += _shifted_copies(sorted(used), page)
    positive, mixed, negative = _by_sign(layers, unit)

    for output, terms in positive:
        code.append(page.take("lda", "SUMS", 2 * output))
        code += [page.take("adc", "SHIFTED", 2 * shift) for shift, _ in terms]
        code.append(page.take("sta", "SUMS", 2 * output))
    for number, (output, terms) in enumerate(mixed):
        if number:
            code.append(implied("clc"))
        code.append(page.take("lda", "SUMS", 2 * output))
        code += [page.take("adc", "SHIFTED", 2 * shift) for shift, sign in terms if sign > 0]
        code.append(implied("sec"))
        code += [page.take("sbc", "SHIFTED", 2 * shift) for shift, sign in terms if sign < 0]
        code.append(page.take("sta", "SUMS", 2 * output))
    if negative and not mixed:
        code.append(implied("sec"))
    for output, terms in negative:
        code.append(page.take("lda", "SUMS", 2 * output))
        code += [page.take("sbc", "SHIFTED", 2 * shift) for shift, _ in terms]
        code.append(page.take("sta", "SUMS", 2 * output))
    if not page.shared:
        code += direct_page(SLOT_PAGE)
    return [*code, implied("clc")]


Terms = list[tuple[int, int]]


def _by_sign(
    layers: Sequence[Plane], unit: int
) -> tuple[list[tuple[int, Terms]], list[tuple[int, Terms]], list[tuple[int, Terms]]]:
    """Outputs with their (shift, sign) terms: only added to, both, only subtracted from."""
    terms: dict[int, Terms] = {}
    for plane in layers:
        for output in np.flatnonzero(plane.digits[:, unit]):
            digit = int(plane.digits[output, unit])
            terms.setdefault(int(output), []).extend([(plane.shift, int(np.sign(digit)))] * abs(digit))
    items = sorted(terms.items())
    positive = [item for item in items if all(sign > 0 for _, sign in item[1])]
    negative = [item for item in items if all(sign < 0 for _, sign in item[1])]
    mixed = [item for item in items if item not in positive and item not in negative]
    return positive, mixed, negative


def _shifted_copies(used: Sequence[int], page: ColumnPage) -> list[Instruction]:
    """round(A / 2^k) for every k used, ascending; the carry ends clear."""
    code: list[Instruction] = []
    done, rounded = 0, False
    for number, shift in enumerate(used):
        last = number + 1 == len(used)
        code += [implied("lsr a")] * (shift - done)
        if shift > 0:
            code += [] if last else [implied("tax")]
            code.append(immediate("adc", 0))
        code.append(page.take("sta", "SHIFTED", 2 * shift))
        if shift > 0 and not last:
            code.append(implied("txa"))
        done, rounded = shift, shift > 0
    return code if rounded else [*code, implied("clc")]
