"""Link 5 for the SA-1's kernels: every bug planted in them must be caught by a twin."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from quantize.model import IntegerModel
from quantize.sampler import Request
from tests.support.models import (
    digit_model,
    for_sa1,
    llama_config,
    llama_model,
    random_model,
    sparse_llama,
    windowed,
)
from tests.support.planted_bugs import (
    Bug,
    New,
    Pattern,
    Place,
    behind,
    block,
    every,
    first,
    parity_finds_nothing,
    parity_must_name,
    regex,
    routine,
    twin_must_notice,
)
from trainer.config import ModelConfig

COUNT = 60

MODEL = for_sa1(llama_model(llama_config(9, 24, 16, (4, 2), 1, 52, 100.0), 1, fc1=3.0, fc3=1.5))
"""Two heads share a row of keys."""

CUT = for_sa1(sparse_llama(llama_config(9, 8, 64, (1, 1), 1, 40), 20, fc1=5.0))
"""Gates can be beyond their table."""

CHUNKS = for_sa1(sparse_llama(llama_config(9, 130, 64, (1, 1), 1, 8), 20))
"""Three chunks of 64 positions."""

WINDOWED = for_sa1(llama_model(windowed(llama_config(9, 100, 64, (8, 8), 1, 8), 1, 100, 65, 64, 63, 9, 90, 7), 3))
"""Two chunks; windows that begin in either, and where they meet."""

SMALL = for_sa1(digit_model(ModelConfig(13, 6, n_embd=8, n_head=2, n_layer=2, n_hidden=16)))

BOOK = for_sa1(random_model(ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_hidden=16)))

Table = Mapping[str, tuple[str | Place, Pattern, New]]

FILE = "attention_mac.asm"
SCORES, WEIGHTS, VALUES = (behind(label, FILE) for label in ("score_0_0:", "weigh_0_0:", "value_0_0:"))
FIRST_KEY = r"ldx a:CACHE_0 \+ 0 \* \d+, y"
SCALED, SECOND = behind("scaled_0_0:", FILE), behind("score_1_0:", FILE)
BEFORE_WEIGHTS, NEXT_MEAN = behind("; exp(score", FILE), behind("dimension 1:", FILE)

IN_ATTENTION: Table = {
    "a sum goes on from the one before": (SCORES, first(r"        unit ADD\n"), ""),
    "a key of the next position": (SCORES, first(FIRST_KEY), "ldx a:CACHE_0 + 2, y"),
    "a key of the next dimension": (SCORES, first(FIRST_KEY), "ldx a:CACHE_0 + 48, y"),
    "another head's query": (SCORES, first(r"(lda a:slots \+ 2 \*) 0$"), r"\1 5"),
    "the second head of a group reads on in the keys": (SECOND, first(FIRST_KEY), "ldx a:CACHE_0 + 4 * 48, y"),
    "the best score is the first": (SCORES, first(r"        bcc :\+\n        sta a:(.*)\n"), r"        bcc :+\n"),
    "a score without its offset": (SCORES, first(r"lda #\$8000"), "lda #0"),
    "half a step too little": (BEFORE_WEIGHTS, first(r"adc #(\d+) \+ 1"), r"adc #\1 + 0"),
    "a carry left over": (BEFORE_WEIGHTS, first(r"        clc\nweigh"), "        sec\nweigh"),
    "a weight from beyond the table": (WEIGHTS, first(r"cmp #EXP7_ENTRIES"), "cmp #EXP7_ENTRIES - 40"),
    "far positions keep their scores": (behind("none_0_0:", FILE), first(r"        sta .*, y\n"), ""),
    "weights that are not added up": (WEIGHTS, first(r"        stx <\(MB \+ 1\)\n"), ""),
    "the sum over 2^16": (WEIGHTS, first(r"lda a:MR \+ 1"), "lda a:MR + 2"),
    "weights are added to their sum": (WEIGHTS, first(r"unit MULTIPLY"), "unit ADD"),
    "of a pair the second weight for the first": (WEIGHTS, first(r"        ldx #0\n"), ""),
    "a pair without its first weight is dark": (WEIGHTS, first(r"beq dark_0_0"), "bra dark_0_0"),
    "a link that is lost": (WEIGHTS, first(r"        sta a:attention_page \+ \d+ \+ 0 - 1, y\n"), ""),
    "a pair that is not linked": (WEIGHTS, first(r"        sty a:.*\n"), ""),
    "the oldest pair is left out": (
        WEIGHTS,
        first(r"sbc #4\n        tay\n        bcs"),
        "sbc #5\n        tay\n        bcs",
    ),
    "a weight behind the newest position": (FILE, first(r"        stz a:.* \+ 2, x\n"), ""),
    "a key for a value": (VALUES, first(FIRST_KEY), "ldx a:CACHE_0 - 1, y"),
    "a pair's first value twice": (VALUES, first(r"(ldx a:CACHE_0 .*) \+ 2, y"), r"\1, y"),
    "a mean goes on from the one before": (NEXT_MEAN, first(r"        unit ADD\n"), ""),
    "a mean that is not rounded": (VALUES, first(r"lda #(\d+)(\n        clc\n        adc SUM)"), r"lda #\1 - 4\2"),
    "a mean halved once more": (VALUES, first(r"\.repeat 3\n"), ".repeat 4\n"),
    "minus the mean is one off": (VALUES, first(r"        sec\n(        adc #2)"), r"        clc\n\1"),
    "the query is of another token": (FILE, first(r"        sta a:slots \+ 2 \* I\n"), ""),
    "a key goes to the next position": (
        FILE,
        first(r"        tax\n"),
        "        inc a\n        inc a\n        tax\n",
    ),
    "a position too few": (FILE, first(r"        inc a\n(        asl a\n)"), r"\1"),
    "nobody keeps the weights": (SCALED, first(r"        mvn .*\n"), ""),
    "another layer's weights are kept": (
        SCALED,
        first(r"cmp #0 \+ 1\n        bne kept_0"),
        "cmp #2\n        bne kept_0",
    ),
    "everybody keeps the weights": (SCALED, first(r"        bne kept_0\n"), ""),
}
AT_FIRST = r"(?:.*\n)*?        sbc"
IN_CHUNKS: Table = {
    "the cache stays in the window": (FILE, first(r"        show VECTOR_BLOCK\n"), ""),
    "the first chunk's keys for the second's": (SCORES, first(r"BLOCK_1"), "BLOCK_0"),
    "the first chunk's values for the second's": (VALUES, first(r"BLOCK_1"), "BLOCK_0"),
    "a chunk that does not end": (FILE, first(r"(cmp #64\n        )bcc"), r"\1bra"),
    "the third chunk begins early": (FILE, first(r"sbc #128 - 1"), "sbc #126 - 1"),
    "links of one chunk lead into another": (WEIGHTS, first(r"(sta a:attention_page \+ \d+) \+ 1 -"), r"\1 + 0 -"),
    "later keys in the first chunk": (FILE, first(r"(cpx #2 \* 64\n        )bcc"), r"\1bra"),
    "a chunk's keys in another's rows": (FILE, first(r"(layer0_\w+_2 \+ 1 \* \d+) - 128, x"), r"\1, x"),
    "a chunk without positions is scored": (
        SCORES,
        regex(r"        bpl :\+\n        jmp scored_0_1\n"),
        "        bra :+\n",
    ),
    "a chunk without weight is added": (VALUES, first(r"        beq meant_0_1\n"), ""),
}
IN_WINDOWS: Table = {
    "a window of one position more": (FILE, first(rf"(; where a window of (\d+) {AT_FIRST}) #\2"), r"\1 #\2 + 1"),
    "a window begins early in the second chunk": (
        FILE,
        first(rf"(sta a:row_end\n{AT_FIRST}) #128\n"),
        r"\1 #126\n",
    ),
    "weights of another head before a window": (FILE, every(r"        stz a:.* \+ \d+ - 1, x\n"), ""),
    "pairs before a window": (FILE, every(r"        cpy a:.*\n        beq scaled_\d_\d\n(        sec)"), r"\1"),
    "scores before a window": (FILE, every(r"cpy a:.*\n(        bne score_)"), r"cpy #$FE\n\1"),
    "who looks sees what was before a window": (FILE, every(r"(        lda #2 .* - 3\n)        mvn .*\n"), r"\1"),
}
IN_GATES: Table = {
    "a gate cut one early": ("gate.asm", every(r"adc #(\d+)\n(        cmp #2 \* \d+)"), r"adc #\1 - 1\n\2 - 2"),
    "far products are not cut": ("gate.asm", every(r"cmp #2 \* FAR"), "cmp #$FFFF"),
    "far below the table is far above": ("gate.asm", every(r"(NEGATIVE \+ .*\n        lda) #0"), r"\1 #$7FFF"),
    "a product over 2^16": ("gate.asm", first(r"lda PRODUCT"), "lda WHOLE"),
    "the gate before this one": ("gate.asm", first(r"lda a:gate \+ 2 \* I$"), "lda a:gate + 2 * I - 2"),
    "another unit's slot": ("gate.asm", first(r"(sta a:hidden_slots \+ 2 \* I)$"), r"\1 + 2"),
    "a gate that is not rounded": ("gate.asm", first(r"(\.endrepeat\n)(        adc)"), r"\1        clc\n\2"),
    "a carry that no unit before has left": ("gate.asm", first(r"        sec\n(        \.repeat)"), r"\1"),
    "minus a unit is one off": ("gate.asm", first(r"(adc #2 \* \d+) \+ 1\n"), r"\1\n"),
    "the unit goes on adding": ("gate.asm", regex(r"        stz <MCNT .*\n"), ""),
}
IN_TURNS: Table = {
    "turned by the cosine alone": ("rotary.asm", regex(r"lda a:angle \+ 2"), "lda a:angle"),
    "turned the other way": ("rotary.asm", regex(r"sec\n        sbc PRODUCT"), "clc\n        adc PRODUCT"),
    "the neighbour's angle": ("rotary.asm", first(r"(turn query \+ 4 \* 0, turn_by \+ 4 \*) 0$"), r"\1 1"),
    "a key over the value": ("rotary.asm", first(r"        ora a:packed .*\n"), ""),
    "a value in the low byte": ("rotary.asm", first(r"        xba\n"), ""),
    "a key that is not cut": ("rotary.asm", regex(r"        bcs inside\n        lda #\(\$100.*\n"), ""),
    "a query doubled too little": ("rotary.asm", first(r"(turned_second\n        \.repeat \d)"), r"\1 - 1"),
    "another position's angle": ("rotary.asm", first(r"(lda a:position\n        asl a\n)"), r"\1        asl a\n"),
}
NORM = routine("norm_11", "table_norm.asm")
IN_NORMS: Table = {
    "squares that are not set right": (NORM, first(r"\.hiword\((\d+) \+ N_EMBD \* HALF_WORD\)"), r".hiword(\1)"),
    "a carry of the sum of squares": (NORM, regex(r"(sta acc\n        lda #.*\n)"), r"\1        clc\n"),
    "one element for all": (NORM, first(r"(I\n        lda a:residual) \+ 2 \* I"), r"\1"),
    "a scale that is not doubled": (NORM, regex(r"\.repeat 4\n(        asl a .*\n)"), r".repeat 3\n\1"),
    "squares are multiplied": (NORM, first(r"lda #ADD"), "lda #0"),
    "the unit goes on adding": (NORM, regex(r"        stz <MCNT .*\n"), ""),
    "a product that is not rounded": (
        NORM,
        every(r"(\.endrepeat\n)(        adc #\.loword\(NORM)"),
        r"\1        clc\n\2",
    ),
}
IN_PRODUCTS: Table = {
    "without a factor's sign": ("engine.asm", regex(r"        bpl :\+\n"), "        bra :+\n"),
    "without the other's": ("engine.asm", regex(r"        bcc :\+\n"), "        bra :+\n"),
}
ROUNDED = "sa1.inc"
NOT_ROUNDED = (ROUNDED, regex(r"        asl a .*\n"), "        clc\n")
FRESH_SUM = regex(r"set MCNT, ADD")
ROWS = routine("rows_of_hidden", "rows_mac.asm")
IN_ROWS: Table = {
    "a row goes on from the one before": (ROWS, regex(r"        sta <MCNT\n"), ""),
    "a row that is not rounded": NOT_ROUNDED,
    "a row that begins early": (ROWS, regex(r"adc #2 \* 16"), "adc #2 * 15"),
    "the last product is left out": (ROWS, regex(r"\.repeat 16"), ".repeat 15"),
    "one element for all": (ROWS, regex(r"a:hidden \+ 2 \* I"), "a:hidden"),
    "one weight for all": (ROWS, regex(r"a:2 \* I, x"), "a:0, x"),
    "every row in its own byte": (ROWS, regex(r"        iny\n        iny\n"), "        iny\n"),
    "a row too few": (ROWS, regex(r"        dec a:rows\n"), "        dec a:rows\n        dec a:rows\n"),
    "the data bank stays": (ROWS, regex(r"        plb\n        rtl"), "        pla\n        rtl"),
}
SUMS = routine("attention_scores", "attention.asm")
IN_SCORES: Table = {
    "a score goes on from the one before": (SUMS, FRESH_SUM, "set MCNT, MULTIPLY"),
    "a score that is not rounded": NOT_ROUNDED,
    "the first dimension is left out": (SUMS, regex(r"bpl :-"), "bne :-"),
    "the last dimension is left out": (SUMS, regex(r"HEAD_DIM - 2"), "HEAD_DIM - 4"),
    "the next head's key": (SUMS, regex(r"adc #KV_ROW"), "adc #2 * HEAD_DIM"),
    "a position too few": (SUMS, regex(r"        dec a\n"), ""),
}
MEAN = routine("weighted_mean", "attention.asm")
IN_MEANS: Table = {
    "a mean goes on from the one before": (MEAN, FRESH_SUM, "set MCNT, MULTIPLY"),
    "the first position is left out": (MEAN, regex(r"bpl :-"), "bne :-"),
    "half an odd divisor": (MEAN, regex(r"        ora #\$8000\n"), ""),
    "a mean without its sign": (MEAN, regex(r"        eor #\$8000\n"), ""),
    "one dimension for all": (MEAN, regex(r"adc column"), "adc #0"),
    "a carry of the sum": (MEAN, regex(r"(lda dividend \+ 2\n)(        adc MR)"), r"\1        clc\n\2"),
    "the next head's value": (MEAN, regex(r"sbc #KV_ROW"), "sbc #2 * HEAD_DIM"),
}
ROOT = routine("rmsnorm", "vector.asm")
IN_EXACT_NORMS: Table = {
    "squares of the norm before": (ROOT, FRESH_SUM, "set MCNT, MULTIPLY"),
    "no epsilon": (ROOT, regex(r"#NORM_EPSILON"), "#0"),
    "a carry of epsilon": (ROOT, regex(r"        adc #0\n(        sta acc \+ 2)"), r"\1"),
    "the unit goes on adding": (ROOT, regex(r"        set MCNT, MULTIPLY\n"), ""),
    "a scale that is not doubled enough": (ROOT, regex(r"and #7"), "and #3"),
    "two bytes over, not rounded": (ROOT, regex(r"        asl a +; carry.*\n"), "        clc\n"),
    "a byte over, not rounded": NOT_ROUNDED,
    "a byte taken for two": (ROOT, regex(r"cmp #9"), "cmp #8"),
    "a vector that is all but zero": (ROOT, regex(r"        bmi whole\n"), ""),
}
QUOTIENT = routine("divide", "attention.asm")
IN_QUOTIENTS: Table = {
    "the 17th bit is lost": (QUOTIENT, regex(r"        bcs subtract.*\n"), ""),
    "a bit of the quotient behind it": (QUOTIENT, regex(r"        sec\n"), ""),
    "the quotient's last bit": (QUOTIENT, regex(r"        rol dividend\n        rts"), "        rts"),
    "a bit too few": (QUOTIENT, regex(r"\.repeat 16"), ".repeat 15"),
}
GROUPS: tuple[tuple[str, IntegerModel, Table], ...] = (
    ("block.entry", MODEL, IN_ATTENTION),
    ("block.entry", CHUNKS, IN_CHUNKS),
    ("block.entry", WINDOWED, IN_WINDOWS),
    ("gate.entry", CUT, IN_GATES),
    ("turns.entry", MODEL, IN_TURNS),
    ("norm.entry", MODEL, IN_NORMS),
    ("mul_u16", SMALL, IN_PRODUCTS),
    ("code.entry", BOOK, IN_ROWS),
    ("attention_scores", BOOK, IN_SCORES),
    ("weighted_mean", BOOK, IN_MEANS),
    ("rmsnorm", BOOK, IN_EXACT_NORMS),
    ("divide", BOOK, IN_QUOTIENTS),
)
BUGS = [
    Bug(f"{name}: {label}", *planted, f"sa1 {name}", model=model)
    for name, model, table in GROUPS
    for label, planted in table.items()
]


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_twin_notices(bug: Bug) -> None:
    twin_must_notice(bug, MODEL, COUNT)


KEY, HIDDEN = block("layer0.k"), block("layer0.fc1")
BATCHES = [[Request(1, 10, 2), Request(2, 10, 2, (3, 1))], [Request(3, 0, 4)]]
IN_THE_PASS: Mapping[str, tuple[str, tuple[str | Place, Pattern, New]]] = {
    "rows in the program's bank": (
        "layer0.q[",
        ("rows_mac.asm", every(r"pei \(w_ptr \+ 1\)"), "pea 0"),
    ),
    "a key that is not kept": ("layer0.k[", (KEY, regex(r"        mvn #WORK_BANK, #\^.*\n"), "")),
    "keys in the first row always": (
        "layer0.k[",
        (KEY, regex(r"adc #\.loword\(layer0_keys\)"), "lda #.loword(layer0_keys)"),
    ),
    "half of a key": ("layer0.k[", (KEY, regex(r"KV_ROW - 1"), "KV_ROW / 2 - 1")),
    "rows of another vector": ("layer0.fc1[", (HIDDEN, regex(r"rows_of_normed"), "rows_of_attended")),
    "a matrix one row short": ("layer0.fc1[", (HIDDEN, regex(r"set rows, 16"), "set rows, 15")),
}
"""Name → what parity must name, and the bug."""


@pytest.mark.parametrize("name", IN_THE_PASS)
def test_parity_names_a_bug_in_the_schoolbooks_pass(name: str) -> None:
    caught_by, planted = IN_THE_PASS[name]
    parity_must_name(Bug(name, *planted, caught_by), BOOK, BATCHES)


def test_parity_finds_nothing_in_the_schoolbook_without_a_bug() -> None:
    parity_finds_nothing(BOOK, BATCHES, 20)
