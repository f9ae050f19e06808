"""Lesson 7: a product without a multiplication. Weights become signed powers of two."""

from __future__ import annotations

import numpy as np
from quiz import ask

from quantize.digits import canonical, count, planes
from quantize.fixed import FRACTION_BITS, ONE, Ints
from quantize.kernels.digit_rows import Digits
from quantize.kernels.schoolbook import Schoolbook

ROW = np.array([[0.875, 0.375]])
INPUT = np.array([100, 37])


def in_digits(weight: Ints) -> str:
    """A Q8.8 weight as a sum of signed powers of two, the largest first."""
    powers = [(bit - FRACTION_BITS, digit) for bit, digit in enumerate(canonical(weight)) if digit]
    return " ".join(f"{'+' if digit > 0 else '-'}2^{power}" for power, digit in reversed(powers))


def main() -> None:
    weights = (ROW * ONE).astype(np.int64)
    print("In binary 0.875 is 2^-1 + 2^-2 + 2^-3: three adds. With signs there is a shorter way to write it.")
    ask("Which? Largest power first, written like +2^-1 -2^-4", in_digits(weights[0, 0]))
    print(f"0.375 is {in_digits(weights[0, 1])}.")
    ask("How many adds and subtractions do both weights of the row take?", str(count(weights)))
    print(f"The row [0.875, 0.375] shall meet the integers {INPUT.tolist()}. Powers that both weights share are")
    print("shifted together: begin with the smallest power, add, halve to the next power, add, and so on.")
    shifts = [plane.shift for plane in planes(weights)]
    for plane in planes(weights):
        terms = [f"{'+' if digit > 0 else '-'}x{i}" for i, digit in enumerate(plane.digits[0]) if digit]
        print(f"  2^-{plane.shift}: {' '.join(terms)}")
    print(f"So: acc = the first line; {shifts[0] - shifts[1]} halvings, rounded once, halves up; the next line; …")
    ask("What comes out?", str(Digits(weights)(INPUT)[0]))
    exact = float(ROW[0] @ INPUT)
    print(f"Multiplied and rounded once at the end, {exact} would be {Schoolbook(weights)(INPUT)[0]}.")
    print("Neither is wrong: a kernel's meaning is its Python function, and its assembly must give that very bit.")


if __name__ == "__main__":
    main()
