"""The common parts of lessons 6 to 9: a question, a guess, the answer."""

from __future__ import annotations

import sys


def ask(question: str, answer: str) -> None:
    """Put a question, read a guess from stdin, say the answer; an empty line only asks to see it."""
    print(f"\n{question}")
    try:
        guess = input("  your guess: ").strip()
    except EOFError:
        guess = ""
        print()
    except KeyboardInterrupt:
        sys.exit(130)
    verdict = "" if not guess else "yes, " if guess == answer else "no, "
    print(f"  {verdict}it is {answer}")
