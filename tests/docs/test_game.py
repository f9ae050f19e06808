"""docs/game.md says what the library's calls are."""

from __future__ import annotations

from asm.library.calls import CALLS
from asm.library.files import STACK_BYTES
from scripts.figures import ROOT

PAGE = (ROOT / "docs" / "game.md").read_text()


def test_the_table_of_calls_is_the_library_s() -> None:
    for call in CALLS:
        where = "yes" if call.in_handler else "no"
        assert f"| `{call.name}` | {call.does} | {call.takes} | {call.gives} | {call.no} | {where} |\n" in PAGE


def test_it_says_how_much_stack_there_must_be() -> None:
    assert f"needs {STACK_BYTES} bytes of the stack" in PAGE


def test_hello_is_as_short_as_it_says() -> None:
    lines = len((ROOT / "examples" / "hello" / "hello.s").read_text().splitlines())
    assert lines <= 150 and "one file of 150 lines" in PAGE
