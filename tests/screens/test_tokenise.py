"""Text typed at the pad becomes tokens on the console as in Python, for every string that can be typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from asm.layout import plan
from asm.screens.merge_tables import KEYS, MAX_TYPED, joins, merge_tables
from asm.targets.stock import STOCK
from quantize.model import IntegerModel
from quantize.ranges import prove
from snesgpt.emulator.console import Console
from tests.support.models import random_model
from tests.support.planted_bugs import Bug, routine
from tests.support.routine_console import Call, Mismatch, RoutineConsole, RoutineRom, build_routines
from tests.support.vocabularies import ASCII, VOCABULARIES, both
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.text.sentencepiece import PieceTokenizer

FEW_LETTERS = "abcdefgh., "
SMALL = "equal scores"
COUNTS = [
    *(("snes9x", kind, 10_000) for kind in (SMALL, "stories") if kind in VOCABULARIES),
    *(("snes9x", kind, 1_000) for kind in VOCABULARIES if kind not in (SMALL, "stories")),
    *(("bsnes", kind, 200) for kind in (SMALL, "stories") if kind in VOCABULARIES),
]


@cache
def model(kind: str) -> IntegerModel:
    """The least that has this vocabulary and room for all that can be typed."""
    _, tokenizer = both(kind)
    config = ModelConfig(tokenizer.bos + 1, MAX_TYPED + 2, n_embd=4, n_head=1, n_hidden=4)
    return replace(random_model(config), symbols=tokenizer.symbols, pieces=tokenizer.pieces)


@cache
def rom(kind: str) -> RoutineRom:
    return build_routines(model(kind))


def typed_texts(tokenizer: PieceTokenizer, count: int, seed: int) -> list[str]:
    """Nothing, and strings of up to 60 characters: of any key, of few letters, and pieces side by side."""
    random = np.random.default_rng(seed)
    pieces = [text.decode() for text, _ in tokenizer.pieces if all(chr(byte) in ASCII for byte in text)]
    texts = [""]
    while len(texts) < count:
        length = int(random.integers(1, MAX_TYPED + 1))
        parts: Sequence[str] = (list(KEYS), list(FEW_LETTERS), pieces)[len(texts) % 3]
        texts.append("".join(random.choice(parts, length))[:length])
    return texts


def check(console: RoutineConsole, tokenizer: PieceTokenizer, texts: Sequence[str]) -> int:
    """Every text on the console, those of one number of tokens together; how many."""
    groups: dict[int, list[tuple[str, list[int]]]] = defaultdict(list)
    for text in texts:
        tokens = tokenizer.encode(text)[1:-1]
        groups[len(tokens)].append((text, tokens))
    done = 0
    for length, group in groups.items():
        rows = [np.frombuffer(text.ljust(MAX_TYPED, "?").encode(), "<u2") for text, _ in group]
        given = {
            "story_text": np.array(rows, np.int64),
            "story_length": np.array([len(text) for text, _ in group]),
            "host_prompt": np.full((len(group), MAX_TYPED + 1), 0xABCD),
        }
        wanted = {"given_tokens": np.full(len(group), length)}
        if length:
            wanted["host_prompt"] = np.array([tokens for _, tokens in group])
        done += console.check("tokenise", Call(given, wanted), seed=length)
    return done


@pytest.mark.parametrize(("core", "kind", "count"), COUNTS)
def test_what_is_typed_becomes_the_tokens_of_the_twin(core: str, kind: str, count: int) -> None:
    _, tokenizer = both(kind)
    with Console(rom(kind).image, core) as console:
        assert check(RoutineConsole(console, rom(kind)), tokenizer, typed_texts(tokenizer, count, 7)) == count


def test_the_longest_text_takes_less_than_a_second() -> None:
    """One that is joined as often as can be; the harness copies its case in these frames too."""
    _, tokenizer = both(SMALL)
    texts = sorted(typed_texts(tokenizer, 3_000, 3), key=lambda text: len(text) - len(tokenizer.encode(text)))
    with Console(rom(SMALL).image, "bsnes") as console:
        routines = RoutineConsole(console, rom(SMALL))
        before = console.frames
        assert check(routines, tokenizer, texts[-1:]) == 1
        assert console.frames - before < 60


BUGS = [
    Bug(
        "no space before",
        routine("tokenise", "tokenise.asm"),
        "call spread_text",
        "call spread_text\n dec joined_end\n dec joined_end",
    ),
    Bug("the last of equals", routine("best_join", "join_tokens.asm"), "beq :+\n        bcs next\n:", "bcs next\n"),
    Bug("the worst pair", routine("best_join", "join_tokens.asm"), "bcs next", "bcc next"),
    Bug("the first pair is not looked at", routine("best_join", "join_tokens.asm"), "bmi done", "beq done"),
    Bug("the pair before is stale", routine("join_pair", "join_tokens.asm"), "beq behind", "bra behind"),
    Bug(
        "the pair behind is stale",
        routine("join_pair", "join_tokens.asm"),
        "dex\n        dex\n        call find_join",
        "dex\n        dex",
    ),
    Bug(
        "wholes do not move up",
        routine("join_pair", "join_tokens.asm"),
        "lda f:place_wholes + 2, x",
        "lda f:place_wholes, x",
    ),
    Bug(
        "another token's joins",
        routine("find_join", "join_tokens.asm"),
        "lda f:join_lists, x",
        "lda f:join_lists - 2, x",
    ),
    Bug(
        "the rank of another",
        routine("find_join", "join_tokens.asm"),
        "lda f:join_ranks, x",
        "lda f:join_ranks + 2, x",
    ),
    Bug("characters one off", routine("spread_text", "tokenise.asm"), "2 * ' '", "2 * '!'"),
    Bug("the last is lost", routine("join_tokens", "join_tokens.asm"), "cpx joined_end", "cpx story_length"),
    Bug("any text of one token", "tokenise.asm", "beq done\n        call spread_text", "call spread_text"),
]


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_planted_bug_is_caught(bug: Bug) -> None:
    _, tokenizer = both(SMALL)
    wrong = build_routines(model(SMALL), bug)
    with Console(wrong.image) as console, pytest.raises(Mismatch, match="tokenise"):
        check(RoutineConsole(console, wrong), tokenizer, typed_texts(tokenizer, 300, 7))


def test_a_table_has_every_pair_that_can_be_joined_and_no_other() -> None:
    _, tokenizer = both("scores too low to join")
    texts = [text for text, _ in tokenizer.pieces]
    found = set(joins(tokenizer.pieces))
    low = {text for text, score in tokenizer.pieces if score <= -1e10}
    assert found and {texts[whole] for *_, whole in found}.isdisjoint(low)
    for left, first in enumerate(texts):
        for right, second in enumerate(texts):
            whole = texts.index(first + second) if first + second in texts and first + second not in low else None
            assert ((left, right, whole) in found) == (whole is not None)


def test_the_table_is_counted_and_one_that_fits_no_bank_is_refused() -> None:
    layout = plan(prove(model(SMALL)))
    assert layout.pieces is not None
    assert layout.segment_bytes["MERGE_TABLES"] == sum(table.size for table in layout.pieces.tables)
    pieces = [(b" ", 0.0), *((bytes([97] * n), 0.0) for n in range(1, 65))]
    many = [*pieces, *((bytes([98 + k]) + b"a" * n, 0.0) for k in range(20) for n in range(60))]
    with pytest.raises(InputError, match="pieces can be joined in"):
        merge_tables(many * 1, 64, STOCK.bank_bytes)


def test_keys_that_have_neither_a_piece_nor_a_byte_are_not_offered() -> None:
    pieces = [(b" ", 0.0), (b"a", 0.0), (b"<0x21>", 0.0), (b"\xc3\xa9", 0.0)]
    tables = merge_tables(pieces, 10, STOCK.bank_bytes)
    assert bytes(tables.tables[0].values) == b"a! "
    assert (tables.typed, tables.space) == (8, 0)
