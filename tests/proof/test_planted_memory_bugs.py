"""Link 5 for memories: every bug planted in finding a context and in adding what it says must be caught by name."""

from __future__ import annotations

import pytest

from quantize.kernel import TARGETS
from quantize.sampler import Request
from tests.support.models import digit_model, for_target, random_model, remembering, texts_at_random
from tests.support.planted_bugs import (
    Bug,
    behind,
    every,
    first,
    parity_finds_nothing,
    parity_must_name,
    regex,
    routine,
    rows,
)
from tests.support.shape_parity import batches
from trainer.config import ModelConfig

SHAPE = remembering(ModelConfig(vocab_size=12, block_size=7, n_embd=8, n_head=2, n_hidden=16), 2, 4, documents=20)
LARGE = digit_model(remembering(ModelConfig(300, 7, 8, 2, 1, 16), 2, 4, documents=20), 3)
"""Its records take several banks."""

ASKED = [
    [Request(seed, 5, 1, tuple(text)) for seed, text in enumerate(texts_at_random(SHAPE, documents=20))],
    *batches(SHAPE, 2),
]
"""The texts that it remembers, so that long contexts are looked up; and others, which have unknown ones."""

MODELS = {target: digit_model(SHAPE, 3, target=target) for target in TARGETS}

SCHOOLBOOK = {target: for_target(random_model(SHAPE, 3), target) for target in TARGETS}

FIND = routine("find_context", "find_context.asm")
BEGIN, ADVANCE = routine("begin_document", "inference.asm"), routine("advance", "inference.asm")
HEAD_ROWS, RECALLED = rows("lm_head"), behind("logits: lm_head's rows", "gpt.asm")
FRONT, SAID = "embed_norm", "logits"


BUGS = (
    Bug("the newest token but one is not looked at", FIND, every(r"lda earlier \+ 0"), "lda earlier + 2", FRONT),
    Bug("the oldest token is the one before", FIND, every(r"lda earlier \+ 4"), "lda earlier + 2", SAID),
    Bug(
        "an unknown context goes on with the next token",
        FIND,
        first(r"none0:  jmp known"),
        "none0:  jmp next0",
        FRONT,
    ),
    Bug("the number is that of the first record", FIND, regex(r"(ldy #)NUMBER"), r"\1CHILDREN", FRONT),
    Bug("the first child of a list is left out", FIND, every(r"adc #BEFORE - 2"), "adc #BEFORE - 4", SAID),
    Bug("the last child of a list is left out", FIND, every(r"bcs :-"), "beq :+\n        bcs :-\n:", SAID),
    Bug("a listed child's place is half as far", FIND, every(r"(place\d: tya.*)\n\s+asl a"), r"\1", SAID),
    Bug("the tokens are not counted", FIND, every(r"adc count"), "adc #0", FRONT),
    Bug("a place is two words", FIND, first(r"asl a\n\s+asl a"), "asl a", FRONT),
    Bug("an empty place is a record", FIND, first(r"beq none0\n(\s+stx)"), r"nop\n\1", FRONT),
    Bug("the bank of the record before", FIND, every(r"sta context_at \+ 2"), "nop", FRONT, model=LARGE),
    Bug("the lower half of the address before", FIND, every(r"stx context_at\n"), "nop\n", SAID),
    Bug("BOS is not before a document", BEGIN, first(r"sta earlier \+ 0"), "nop", SAID),
    Bug("nor before that", BEGIN, "sta earlier + 4", "nop", SAID),
    Bug("the token read is forgotten", ADVANCE, "note_earlier", "nop", FRONT),
    Bug("the tokens before it are not moved on", "inference.asm", ".repeat ::N_EARLIER - 1", ".repeat 0", SAID),
    Bug("they are moved in the wrong order", "inference.asm", "::N_EARLIER - 2 - I", "I", SAID),
    Bug("a position has a row for each token", ADVANCE, "adc #FRONT_ROWS", "adc #N_VOCAB", FRONT),
    Bug(
        "the front is that of the token",
        behind("; --- embedding, first norms", "gpt.asm"),
        "adc context_row",
        "adc token",
        FRONT,
    ),
    Bug("a logit is lm_head's alone", HEAD_ROWS, first(r"adc a:0, x"), "nop\n nop\n nop", SAID),
    Bug("a carry stays", HEAD_ROWS, every(r"clc\n(\s+adc a:)"), r"nop\n\1", SAID),
    Bug("the next symbol's word", HEAD_ROWS, first(r"adc a:2, x"), "adc a:4, x", SAID),
    Bug("the record is the first of its bank", RECALLED, "ldx context_at", "ldx #$8000", SAID),
    Bug("the bank is that of the front table", RECALLED, "pei (context_at + 1)", "pei (w_ptr + 1)", SAID),
)
IN_SCHOOLBOOK = (
    Bug("a logit is left out", "recall.asm", first(r"sta z:.*"), "nop", SAID),
    Bug("a logit is the row's alone", "recall.asm", first(r"adc z:.*"), "nop", SAID),
    Bug("a carry stays there", "recall.asm", every(r"clc"), "nop", SAID),
    Bug("the next symbol's word there", "recall.asm", first(r"lda a:2 \* 1, x"), "lda a:2 * 2, x", SAID),
    Bug("the bank is another", "recall.asm", "pei (context_at + 1)", "pei (context_at - 1)", SAID),
)


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_planted_nothing_found(target: str) -> None:
    parity_finds_nothing(MODELS[target], ASKED, 100)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_planted(bug: Bug, target: str) -> None:
    parity_must_name(bug, MODELS[target], ASKED)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("bug", IN_SCHOOLBOOK, ids=str)
def test_planted_in_the_schoolbook(bug: Bug, target: str) -> None:
    parity_must_name(bug, SCHOOLBOOK[target], ASKED)
