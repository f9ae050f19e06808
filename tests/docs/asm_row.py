"""A row of a matrix as README.md shows it: weights, digits, and the generated code with the digits as comments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

SLOT = re.compile(r"(PLUS|MINUS) \+ (\d+)$")


def digits(lines: Sequence[str]) -> list[tuple[int, int, int] | None]:
    """For each instruction the (sign, input, k) of its digit sign · 2^-k: k counts the `lsr` that follow."""
    found: list[tuple[int, int, int] | None] = []
    for number, line in enumerate(lines):
        slot = SLOT.search(line)
        halvings = sum(later.startswith("lsr") for later in lines[number:])
        found.append((1 if slot[1] == "PLUS" else -1, int(slot[2]) // 2, halvings) if slot else None)
    return found


def code(lines: Sequence[str]) -> str:
    """The instructions; behind each digit the product it adds."""
    shown = []
    for line, digit in zip(lines, digits(lines), strict=True):
        note = f"; {'+' if digit[0] > 0 else '−'} x{digit[1]} · 2^-{digit[2]}" if digit else ""
        shown.append(f"{line:<20}{note}".rstrip() + "\n")
    return "".join(shown)


def weights(lines: Sequence[str]) -> str:
    """A table: a column for each input with a weight."""
    by_input: dict[int, list[tuple[int, int]]] = {}
    for digit in digits(lines):
        if digit:
            by_input.setdefault(digit[1], []).append((digit[0], digit[2]))
    rows: list[list[str]] = [["input"], ["weight"], ["digits"]]
    for place, terms in sorted(by_input.items()):
        value = float(sum(Fraction(sign, 2**k) for sign, k in terms))
        rows[0].append(f"x{place}")
        rows[1].append(f"{value:g}".replace("-", "−"))
        rows[2].append(
            " ".join(f"{'+' if sign > 0 else '−'}2^-{k}" for sign, k in sorted(terms, key=lambda t: t[1]))
        )
    lines_of_table = [f"| {' | '.join(row)} |\n" for row in rows]
    return "".join([lines_of_table[0], "|---" * len(rows[0]) + "|\n", *lines_of_table[1:]])
