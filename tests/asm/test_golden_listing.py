"""A change of the generated machine code shows in a review: in the committed listings of five tiny cartridges."""

from __future__ import annotations

import difflib
import re

import pytest

from tests.support.golden_listing import ENTRY, GOLDEN, MODELS, Routine, listing, routines

MAX_BYTES = 200_000
MAX_SHOWN = 40


@pytest.mark.parametrize("name", MODELS)
def test_the_code_is_the_committed_listing_s(name: str) -> None:
    committed = (GOLDEN / f"{name}.lst").read_text(encoding="utf-8").splitlines()
    found = listing(MODELS[name]()).splitlines()
    difference = list(difflib.unified_diff(committed, found, "committed", "generated", lineterm=""))
    assert not difference, "\n".join(["make golden, if this is meant:", *difference[:MAX_SHOWN]])


def test_the_listings_are_small_and_hold_nothing_that_changes_by_itself() -> None:
    files = sorted(GOLDEN.iterdir())
    assert [path.name for path in files] == sorted(f"{name}.lst" for name in MODELS)
    texts = [path.read_text(encoding="utf-8") for path in files]
    assert sum(map(len, texts)) < MAX_BYTES
    for text in texts:
        assert text.startswith(f"{ENTRY}: ")
        assert not re.search(r"/(?:tmp|home|work|usr)/|BUILD_ID|\b20[23]\d-\d\d", text)


LISTING = """\
000000r 1  xx xx                .word 5
000000r 1               ; a comment
000000r 1               .macro skipped
000000r 1  EA                   nop
000000r 1               .endmacro
000000r 2  EA                   nop
000002r 1               proc first, 16, 16
000002r 1  A9 3B 00             lda #';' ; not "this"
000005r 1               next:
000005r 1  20 rr rr             call second
000008r 1  EA EA                .repeat 2
00000Ar 1                       nop
00000Ar 1                       .endrepeat
00000Ar 1  80 F9                bra next
00000Cr 1               endproc
00000Cr 1               second:
00000Cr 1               .scope
00000Cr 1               inner:
00000Cr 1  EA                   nop
00000Dr 1               .endscope
00000Dr 1               third:
00000Dr 1  6B                   rtl
"""


def test_a_routine_is_all_that_its_label_stands_over() -> None:
    before, first, second, third = routines(LISTING)
    assert isinstance(before, Routine) and not before.is_code
    assert first.text().splitlines() == [
        "first: 10 bytes",
        "A9 3B 00    lda #';'",
        "            next:",
        "20 rr rr    call second",
        "EA EA       .repeat 2",
        "            nop",
        "            .endrepeat",
        "80 F9       bra next",
    ]
    assert "second" in first.leads_to() and second.follower == "third"
    assert "third" in second.leads_to() and third.size == 1
