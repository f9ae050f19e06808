"""Lesson 8: one row of the model, read out of the assembly that was built for it. Run `make` first."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from quiz import ask

from quantize.fixed import ONE
from quantize.model_file import load_model
from trainer.errors import InputError

WEIGHT = "layer0.wo"
SLOT = re.compile(r"(PLUS|MINUS) \+ (\d+)")


def row_lines(source: str, row: int) -> list[str]:
    """The instructions of a row: from its comment to the `adc #` that ends it."""
    _, found, rest = source.partition(f"; {WEIGHT}[{row}]: ")
    if not found:
        raise InputError(f"there is no row {row} of {WEIGHT} in digits: give --row another number")
    lines = [line.strip() for line in rest.splitlines()[1:]]
    end = next(number for number, line in enumerate(lines) if line.startswith("adc #"))
    return lines[: end + 1]


def decode(lines: Sequence[str], inputs: int) -> list[float]:
    """The factor of each input in the row: a slot read counts one, and every later `lsr` halves it."""
    weights = [0.0] * inputs
    for line in lines:
        slot = SLOT.search(line)
        if line.startswith("lsr"):
            weights = [weight / 2 for weight in weights]
        elif slot:
            weights[int(slot[2]) // 2] += 1 if slot[1] == "PLUS" else -1
    return weights


def bias(lines: Sequence[str]) -> float:
    """B, which every slot has on top of its ±input, out of what the row takes off the sum of all of them."""
    share = taken_off = 0.0
    for line in lines:
        if line.startswith("lsr"):
            share, taken_off = share / 2, taken_off / 2
        elif SLOT.search(line):
            share += 1
        elif line.startswith("sbc #"):
            taken_off += int(line.partition("$")[2], 16) + 1  # the carry is clear: one more goes
        elif line.startswith("adc #"):
            taken_off += 0x10000 - int(line.partition("$")[2], 16)
    return taken_off / share


def lesson(build: Path, row: int) -> None:
    model = load_model(build / "model.npz")
    kernels = build / "asm" / "kernels.asm"
    if not kernels.is_file():
        raise InputError(f"{kernels} is not there: run `make`, with a model whose kernel is digits")
    lines = row_lines(kernels.read_text(), row)
    print(f"{WEIGHT}, row {row}, as the console runs it:\n")
    print("\n".join(f"    {line}" for line in lines))
    print("\nPLUS + 2i holds B + x_i, MINUS + 2i holds B − x_i. `lsr a` halves all that was added so far.")
    weights = decode(lines, model.config.n_embd)
    read = [int(slot[2]) // 2 for line in lines if (slot := SLOT.search(line))]
    if not read:
        raise InputError(f"row {row} of {WEIGHT} is zero: give --row another number")
    place = max(read, key=read.count)
    ask(f"Which weight does the row give to x_{place}? (as a decimal number)", f"{weights[place]:g}")
    print("  All of them:", " ".join(f"{weight:g}" for weight in weights))
    same = weights == [value / ONE for value in model.tensors[WEIGHT][row].tolist()]
    print(f"  {build / 'model.npz'} says {'the same' if same else 'SOMETHING ELSE'}.\n")
    print("B keeps every sum above zero. The last adc takes all of it off: B times the sum of all |digits|.")
    ask("What is B?", f"{bias(lines):g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", nargs="?", type=Path, default=Path("build"), help="what `make` made  [build]")
    parser.add_argument("--row", type=int, default=0, help="which row  [0]")
    options = parser.parse_args()
    try:
        lesson(options.build, options.row)
    except InputError as error:
        sys.exit(f"lesson 8: {error}")


if __name__ == "__main__":
    main()
