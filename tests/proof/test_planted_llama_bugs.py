"""Link 5 for the llama blocks: every bug planted in them must be caught, by the parity check or by a twin."""

from __future__ import annotations

import pytest

from quantize.convert import quantize
from quantize.model import IntegerModel
from quantize.sampler import Request
from tests.support.models import (
    llama_config,
    llama_model,
    llama_weights,
    silu_table,
    sparse_llama,
    thinned,
    windowed,
)
from tests.support.planted_bugs import (
    Bug,
    New,
    Pattern,
    add,
    behind,
    block,
    every,
    first,
    numbers,
    parity_finds_nothing,
    parity_must_name,
    regex,
    rows,
    twin_must_notice,
)

BATCHES = [[Request(1, 10, 2), Request(2, 10, 2, (3, 1, 4, 1, 5))], [Request(3, 0, 4)], [Request(4, 20, 12)]]


def in_sections() -> IntegerModel:
    """Rows of wo come in two sections: it alone is dense."""
    config = llama_config(9, 6, 128, (4, 1), 1, 8)
    weights = thinned(llama_weights(config, 1), 20)
    weights.tensors["layer0.wo"][:] = llama_weights(config, 1).tensors["layer0.wo"]
    return quantize(weights, "digits")


MODEL = llama_model(llama_config(9, 6, 16, (4, 2), 2, 52, 100.0), 1, wo=16.0, fc2=5.0)
"""Two heads share a row of keys, a head has two angles, and hidden units come in two parts."""

WIDE = sparse_llama(llama_config(9, 130, 128, (1, 1), 1, 350), 20, fc1=5.0)
"""Some gates are cut; angles come in two tables."""

DENSE = in_sections()

WINDOWED = llama_model(windowed(llama_config(9, 8, 16, (4, 2), 2, 12), 1, 4, 8, 3, 2, 2, 5, 5), 1)
"""Stretches of one head, of two and of all; some begin where others end, some are empty at first."""

SILU = silu_table(MODEL)
LINES = r"(?:        .*\n)+?"


GATES = behind("proc gate_", "gate.asm")


def swapped_factors(first: str, second: str) -> tuple[str, Pattern, str]:
    """(file, old, new): other words of a pair's angle as its two factors."""
    old = r"(\.macro turn pair, angle\n        factor) angle\n((?:        .*\n)*?        factor) angle \+ 2\n"
    return "rotary.asm", regex(old), rf"\1 {first}\n\2 {second}\n"


UNITS = "layer0.activation1["

BY_PARITY = [
    Bug("another token's embedding", block("embed"), "        lda token\n", "        lda position\n", "embed["),
    Bug("sine and cosine swapped", *swapped_factors("angle + 2", "angle"), "layer0.attention.query["),
    Bug("turned by the cosine alone", *swapped_factors("angle", "angle"), "layer0.attention.query["),
    Bug(
        "turned the other way",
        "rotary.asm",
        regex(r"        eor #\$FFFF\n        sec\n(        adc a:turned_first)"),
        r"        clc\n\1",
        "layer0.attention.query[",
    ),
    Bug(
        "a pair of the query turned by its neighbour's angle",
        "rotary.asm",
        first(r"(turn query \+ 4 \* 0, turn_by \+ 4 \*) 0$"),
        r"\1 1",
        "layer0.attention.query[",
    ),
    Bug(
        "a pair of the key turned by its neighbour's angle",
        behind("proc layer1_rotary,", "rotary.asm"),
        regex(r"(turn key \+ 4 \* 3, turn_by \+ 4 \*) 1$"),
        r"\1 0",
        "layer1.attention.packed[",
    ),
    Bug(
        "twice the position's angle",
        behind("proc layer0_rotary,", "rotary.asm"),
        first(r"(lda a:ZERO_PAGE \+ position\n        asl a\n)"),
        r"\1        asl a\n",
        "layer0.attention.query[",
    ),
    Bug(
        "the low byte of a factor taken as positive",
        behind(".macro times_factor", "rotary.asm"),
        regex(r"adc #\$80"),
        "adc #0",
        "layer0.attention.query[",
    ),
    Bug(
        "a query doubled once too little",
        "rotary.asm",
        first(r"(sta a:query \+ 4 \* 0\n        lda a:turned_second\n        \.repeat \d)"),
        r"\1 - 1",
        "layer0.attention.query[",
    ),
    Bug(
        "a key and a value in each other's byte",
        behind("proc layer0_rotary,", "rotary.asm"),
        first(r"(narrow \d, packed \+ 2 \* 2) \+ 1$"),
        r"\1",
        "layer0.attention.packed[",
    ),
    Bug(
        "the second head of a group reads another's keys",
        "attention_ppu.asm",
        regex(r"(adc #\.loword\(layer0_keys) \+ 0\)"),
        r"\1 + 4)",
        "layer0.attention.scores[",
    ),
    Bug(
        "the second head of a group reads on in the keys",
        "attention_ppu.asm",
        regex(rf"        tya\n{LINES}        adc #\.loword\(layer0_keys \+ 0\)\n.*\n"),
        "",
        "layer0.attention.scores[",
    ),
    Bug(
        "the second head of a group reads on in the values",
        "attention_ppu.asm",
        regex(rf"        tya\n{LINES}        adc #\.loword\(layer1_values \+ 0\)\n.*\n"),
        "",
        "layer1.attention[",
    ),
    Bug(
        "half a step of the table of exp forgotten",
        behind("proc layer0_attention,", "attention_ppu.asm"),
        first(r"        adc #1\n(        sta a:best)"),
        r"\1",
        "layer0.attention.weights[",
    ),
    Bug(
        "a rounding carry of a gate lost",
        GATES,
        first(r"(        adc #.*the carry is the rounding)"),
        r"        clc\n\1",
        "layer0.activation0[",
    ),
    Bug(
        "a hidden unit in its neighbour's slot",
        GATES,
        first(r"(sta a:hidden_slots \+ 2 \* I)$"),
        r"\1 + 2",
        "layer0.activation0[",
    ),
    Bug(
        "a stale biased copy of a hidden unit",
        GATES,
        first(r"        sta a:hidden_slots \+ MINUS_PART .*\n"),
        "",
        "layer0.mlp_sum0[",
    ),
    *(
        Bug(
            f"the second part has the first's rows of {matrix}",
            block(f"layer0.{matrix}_part1"),
            f"        call_far layer0_{matrix}_part1_rows\n",
            f"        call_far layer0_{matrix}_part0_rows\n",
            caught_by,
        )
        for matrix, caught_by in {"fc1": UNITS, "fc3": UNITS, "fc2": "layer0.mlp_residual["}.items()
    ),
    Bug(
        "the second part's gates left out, so that its units are the first's",
        block("layer0.activation1"),
        regex(r"        call_far gate_.*\n"),
        "",
        UNITS,
    ),
    Bug(
        "a part of the units kept for those who look where another is",
        block("layer0.activation1"),
        "        sta a:hidden + 2 * 26, x\n",
        "        sta a:hidden + 2 * 25, x\n",
        UNITS,
    ),
    Bug(
        "the second part's rows read the page of the norm's slots",
        block("layer0.fc2_part1"),
        "        pea hidden_slots\n",
        "        pea slots\n",
        "layer0.mlp_residual[",
    ),
    Bug(
        "a part's sum not added",
        block("layer1.mlp_sum0"),
        "        call_far add_cut_13_0\n",
        "",
        "layer1.mlp_sum0[",
    ),
    Bug(
        "a halved sum not doubled",
        behind("proc add_cut_13_1_far,", "cut_sum.asm"),
        regex(r"(\.repeat) 1\n(        asl a)"),
        r"\1 0\n\2",
        "layer0.attention_residual[",
    ),
    Bug(
        "a norm's doublings forgotten",
        "table_norm.asm",
        every(r"\.repeat 4\n(        asl a\n        \.endrepeat\n        tax)"),
        r".repeat 0\n\1",
        "layer0.attention_norm[",
    ),
    Bug(
        "a norm shifts as if nothing had been doubled",
        behind("proc norm_13,", "table_norm.asm"),
        regex(r"(adc #\d+) \+ \d+( - 17)"),
        r"\1\2",
        "layer0.mlp_norm[",
    ),
]


BY_PARITY += [
    Bug(
        "the sum of a row's first section forgotten",
        rows("layer0.wo"),
        first(r"        clc\n        adc a:row_sum\n"),
        "",
        "layer0.attention_residual[",
        model=DENSE,
    ),
    Bug(
        "the sum of the row before taken for its first section's",
        rows("layer0.wo"),
        first(r"        sta a:row_sum\n"),
        "",
        "layer0.attention_residual[",
        model=DENSE,
    ),
    Bug(
        "a carry left between sections",
        rows("layer0.wo"),
        every(r"(sta a:row_sum\n        )clc"),
        r"\1nop",
        "layer0.attention_residual[",
        model=DENSE,
    ),
]


WEIGHTS, SCORES = "layer0.attention.weights[", "layer0.attention.scores["


def windows(name: str, old: Pattern, new: New, caught_by: str) -> Bug:
    """A bug in the first layer's attention of a model whose heads have windows."""
    return Bug(name, behind("proc layer0_attention,", "attention_ppu.asm"), old, new, caught_by, model=WINDOWED)


BY_PARITY += [
    windows(
        "a window one position too long",
        first(r"sbc #(\d+)(\n        bcs :\+\n        lda #0)"),
        lambda found: f"sbc #{int(found[1]) + 2}{found[2]}",
        SCORES,
    ),
    windows(
        "a window begins behind the first position",
        first(r"lda #0(\n:       sta a:window_begin)"),
        r"lda #2\1",
        WEIGHTS,
    ),
    windows(
        "a stretch without positions is not passed by",
        first(r"(cpy a:window_begin \+ 2\n        )bne"),
        r"\1bra",
        WEIGHTS,
    ),
    windows(
        "a stretch goes on with what follows the last one's keys",
        first(rf"        tya\n{LINES}        adc #\.loword\(layer0_keys.*\n.*\n"),
        "",
        SCORES,
    ),
    windows(
        "the values of heads without weight here not read past",
        first(r"(tya\n(?:        .*\n)*?        adc #\.loword\(layer0_values) \+ 4\)"),
        r"\1 + 0)",
        "layer0.attention[",
    ),
    windows("a score taken from its best alone", every(r"adc #1 \+ 1$"), "adc #1", "attention.weights["),
    windows("a carry left by a position without weight", every(r"clc(\n        bra done)"), r"nop\1", WEIGHTS),
    windows("a carry left by the end of a loop", every(r"(weight_\d:\n        )clc"), r"\1sec", WEIGHTS),
    windows("a sum that goes on", first(r"        stz a:sum_of \+ 2 \* 1\n"), "", WEIGHTS),
    windows("weights scaled by another head's sum", first(r"(ldx a:scale_of \+ 2 \*) 1$"), r"\1 0", WEIGHTS),
    windows("a scaled weight not kept", first(r"(lda PRODUCT\n)        sta a:weights .*\n"), r"\1", WEIGHTS),
    Bug(
        "the weights of the layer before left outside the windows",
        behind("proc layer1_attention,", "attention_ppu.asm"),
        first(r"        mvn #WORK_BANK, #WORK_BANK\n"),
        "",
        "layer1.attention.scores[",
        model=WINDOWED,
    ),
]


@pytest.mark.parametrize("bug", BY_PARITY, ids=str)
def test_the_parity_check_names_the_bug(bug: Bug) -> None:
    parity_must_name(bug, MODEL, BATCHES)


BY_ROUTINE = [
    Bug(
        "a key's centre off by one",
        "rotary.asm",
        first(r"adc #(\d+)(\n        narrow)"),
        lambda found: f"adc #{int(found[1]) + 1}{found[2]}",
        "turns.entry",
    ),
    Bug("a value not rounded", "rotary.asm", first(r"adc #514$"), "adc #512", "turns.entry"),
    Bug(
        "a byte not cut below",
        behind(".macro narrow", "rotary.asm"),
        regex(r"cmp #\$8000"),
        "cmp #$FFFF",
        "turns.entry",
    ),
    Bug(
        "a byte cut one step too high",
        behind(".macro narrow", "rotary.asm"),
        regex(r"cmp #\$100 <<"),
        "cmp #$101 <<",
        "turns.entry",
    ),
    Bug("an angle's cosine one too large", *numbers("rotary_table", add(4, 1)), "turns.entry"),
    Bug("an angle's sine one too small", *numbers("rotary_table", add(19, -1)), "turns.entry"),
    Bug(
        "the upper limit of a gate a step too low",
        GATES,
        first(r"lda #2 \* (\d+)$"),
        r"lda #2 * \1 - 4",
        "gate.entry",
    ),
    Bug(
        "the limit of a gate a step too high", "gate.asm", every(r"(cmp #2 \* \d+ \+ 1)$"), r"\1 + 4", "gate.entry"
    ),
    Bug(
        "a large product taken by its low word",
        GATES,
        first(r"(cmp #2 \* FAR\n)"),
        r"\1        clc\n",
        "gate.entry",
    ),
    Bug("a large negative product cut above", GATES, first(r"cmp #NEGATIVE"), "cmp #$FFFF", "gate.entry"),
    Bug("a carry that no unit has left", GATES, first(r"        sec\n(        \.repeat)"), r"\1", "gate.entry"),
    Bug("minus a unit is one off", GATES, first(r"(adc #2 \* \d+) \+ 1\n"), r"\1\n", "gate.entry"),
    Bug("an entry of silu eight too large", *numbers(SILU, add(2048 + 300, 8)), "gate.entry"),
    Bug("the last entry of silu wrong", *numbers(SILU, add(4095, -64)), "gate.entry"),
    Bug("the first entry of silu wrong", *numbers(SILU, add(0, -64)), "gate.entry"),
    Bug(
        "a sum far beyond its range comes round",
        behind("proc add_cut_13_1_far,", "cut_sum.asm"),
        first(r"        bcs cut .*$"),
        "        nop",
        "cut.entry",
    ),
    Bug("a sum not cut below", "cut_sum.asm", first(r"cut:    cmp #NEGATIVE"), "cut:    cmp #$FFFF", "cut.entry"),
    Bug(
        "the range of a sum one too large",
        "cut_sum.asm",
        first(r"cmp #2 \* 8191 \+ 1"),
        "cmp #2 * 8191 + 2",
        "cut.entry",
    ),
    Bug(
        "the best of a second head not kept",
        "attention_ppu.asm",
        first(r"cmp (a:best \+ 2 \* 1)\n        bcc"),
        r"cmp \1\n        bcs",
        "block.entry",
    ),
]


BY_ROUTINE += [
    windows(
        "a head without weight in a stretch leaves its values to the next",
        every(r"(skip_\d_\d:\n)        ldx STREAM\n"),
        r"\1",
        "block.entry",
    ),
    windows("scores so far that they come round", first(r"bcc near\n"), "bra near\n", "block.entry"),
    Bug(
        "a gate beyond the table not cut", GATES, first(r"bcc (:\+ +; within)"), r"bra \1", "gate.entry", model=WIDE
    ),
    Bug(
        "the table's end one too far", GATES, first(r"cmp #2 << 14"), "cmp #(2 << 14) + 1", "gate.entry", model=WIDE
    ),
    Bug(
        "a gate below the table cut above",
        GATES,
        first(r"cmp #NEGATIVE \+ \(1 << 14\)"),
        "cmp #$FFFF",
        "gate.entry",
        model=WIDE,
    ),
    Bug(
        "an angle of the second table from the first",
        "rotary.asm",
        first(r"lda f:rotary_table_2 "),
        "lda f:rotary_table ",
        "turns.entry",
        model=WIDE,
    ),
]


@pytest.mark.parametrize("bug", BY_ROUTINE, ids=str)
def test_a_twin_names_the_bug(bug: Bug) -> None:
    twin_must_notice(bug, MODEL, 60)


def test_without_a_bug_nothing_is_found() -> None:
    parity_finds_nothing(MODEL, BATCHES, 40)
