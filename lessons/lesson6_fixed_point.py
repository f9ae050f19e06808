"""Lesson 6: Q8.8. Numbers with a point, in a machine that has only integers."""

from __future__ import annotations

import numpy as np
from quiz import ask

from quantize.fixed import ONE, WORD_MAX, from_q88, round_shift, to_q88

WEIGHT, INPUT = 1.5, -0.377


def q88(number: float) -> int:
    return int(to_q88(np.array(number)))


def wrapped(word: int) -> int:
    """The low 16 bits of an integer, read as a signed word."""
    return (word + 2 * ONE * 64) % (1 << 16) - (1 << 15)


def main() -> None:
    print("In Q8.8 a number v is the 16-bit integer round(256 · v): 1 is 256, and the finest step is 1/256.")
    ask("Which integer is 0.3?", str(q88(0.3)))
    print("Where bits are dropped, halves round up: round(v) = floor(v + 1/2), below zero too.")
    ask("What does −3 become when it is halved, so that −1.5 is rounded?", str(round_shift(np.array(-3), 1)))
    w, x = q88(WEIGHT), q88(INPUT)
    print(f"The product of two Q8.8 numbers counts 65536ths. {WEIGHT} · {INPUT} is {w} · {x} = {w * x}.")
    ask("Which integer is that, back in Q8.8?", str(round_shift(np.array(w * x), 8)))
    error = abs(from_q88(round_shift(np.array(w * x), 8)) - WEIGHT * INPUT)
    print(f"It is off by {error:.5f}: the input was rounded once, and the product once more.")
    largest = from_q88(np.array(WORD_MAX))
    print(f"The largest Q8.8 number is {WORD_MAX}, {largest:.3f}. Beyond it the word wraps around to the negative.")
    ask("What does the console get for 100 + 50, as a number (not its integer)?", f"{wrapped(q88(150)) / ONE:g}")
    print("So nothing is built before interval arithmetic has proved that no sum can get there.")


if __name__ == "__main__":
    main()
