"""Link 5 for the rows of a GPT-2: every bug planted in biases, cuts, tables and parts must be caught by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from asm.kernels.lookup import LookedUpRowsRoutine
from asm.layout import plan
from quantize.executor import Executor, Trace
from quantize.kernel import SA1, TARGETS
from quantize.kernels.lookup import LookedUpRows
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.ranges import prove
from quantize.sampler import Request
from tests.support.models import gpt2_config, gpt2_model
from tests.support.planted_bugs import (
    Bug,
    Match,
    New,
    Pattern,
    Place,
    add,
    behind,
    block,
    every,
    first,
    numbers,
    parity_finds_nothing,
    parity_must_name,
    regex,
)
from tests.support.shape_parity import batches

MODEL = gpt2_model(gpt2_config(9, 6, 16, 2, 2, 100), 1)
"""Hidden units in three parts."""

CUT = gpt2_model(gpt2_config(40, 12, 16, 2, 2, 40), 5, fc1=10.0, lm_head=4.0)
"""Text at random has keys and values beyond what bytes hold."""

LOOKUPS = tuple(kernel for kernel in MODEL.program if isinstance(kernel, LookedUpRows))


def narrow_tables(target: str) -> IntegerModel:
    """Text has hidden units beyond both ends of their tables: these span half of what quantize would choose."""
    model = gpt2_model(gpt2_config(40, 12, 16, 2, 2, 40), 6, target=target, fc1=3.0, lm_head=4.0)
    for kernel in (kernel for kernel in leaves(model.program) if kernel.name.startswith("layer0.activation")):
        model = model.with_numbers(kernel.name, bits=11)
    return model


NARROW = narrow_tables("stock")


def looked_up(model: IntegerModel, part: int = 0) -> tuple[LookedUpRows, LookedUpRowsRoutine]:
    """A part of the first layer's hidden units, and its assembly half."""
    name = f"layer0.fc1_part{part}"
    kernel = next(kernel for kernel in model.program if kernel.name == name)
    routine = next(routine for routine in plan(prove(model)).routines if routine.kernel is kernel)
    assert isinstance(kernel, LookedUpRows) and isinstance(routine, LookedUpRowsRoutine)
    return kernel, routine


def row(weight: str, number: int) -> Place:
    """One row of a matrix."""

    def bounds(text: str) -> tuple[int, int]:
        start = text.index(f"        ; {weight}[{number}]: ")
        after = re.compile(r"^\s*; ", re.M).search(text, start + 10)
        return start, after.start() if after else len(text)

    return Place("kernels.asm", bounds)


def all_rows(weight: str, next_weight: str) -> Place:
    """A matrix, to the one that follows."""
    return Place("kernels.asm", lambda text: (text.index(f"; {weight}[0]: "), text.index(f"; {next_weight}[0]: ")))


CONSTANT = regex(r"adc #\$(\w{4})(\n        (?:asl|and|cmp|sta a:(?!hidden)))")
"""The last sum of a row: bias of its slots off, its own bias on. What follows keeps the result."""


def moved(amount: int) -> Callable[[Match], str]:
    """The constant of a row is another."""
    return lambda found: f"adc #${int(found[1], 16) + amount & 0xFFFF:04X}{found[2]}"


BIASED = {
    "layer0.wq": "layer0.attention.query",
    "layer0.wk": "layer0.attention.packed",
    "layer0.wo": "layer0.attention_residual",
    "layer0.fc1": "layer0.activation0",
    "layer0.fc2": "layer0.mlp_sum0",
    "lm_head": "logits",
}
"""Matrix → where its bias is seen first."""


def biases(weight: str, seen_in: str) -> list[Bug]:
    """What can become of a bias, in the row where the least of these moves it farthest."""
    bias = MODEL.tensors[f"{weight}_bias"][:, 0]
    by = {"left out": -bias, "of the next row": np.roll(bias, -1) - bias, "twice": bias}
    number = int(np.min(np.abs(list(by.values())), 0)[:9].argmax())
    return [
        Bug(
            f"{weight}: a bias {label}",
            row(weight, number),
            CONSTANT,
            moved(int(amounts[number])),
            f"{seen_in}[{number}]",
        )
        for label, amounts in by.items()
    ]


BUGS = [bug for weight, seen_in in BIASED.items() for bug in biases(weight, seen_in)]
BUGS += [
    Bug(
        "a bias in every part of fc2",
        behind("far_entry layer0_fc2_part1_rows, 16, 16", "kernels.asm"),
        Pattern(CONSTANT.regex, "first"),
        moved(int(MODEL.tensors["layer0.fc2_bias"][0, 0])),
        "layer0.mlp_sum1[0]",
    ),
    Bug(
        "the position before",
        block("embed"),
        "        lda position\n",
        "        lda position\n        dec a\n",
        "embed[",
    ),
    Bug(
        "a token's row for its position", block("embed"), "        lda position\n", "        lda token\n", "embed["
    ),
    Bug("no position", "embedding.asm", "        adc [y_ptr], y\n", "", "embed["),
    Bug("a query doubled once too little", row("layer0.wq", 1), first(r"        asl a\n"), "", "query[1]"),
]

PACKED = "layer0.attention.packed["
KEYS, VALUES = all_rows("layer0.wk", "layer0.wv"), all_rows("layer0.wv", "layer0.wo")
IN_BYTES: Mapping[str, tuple[Place, Pattern, str]] = {
    "a {} that is not cut": (KEYS, every(r"        cmp #\$2000\n(?:        .*\n){5}        :\n"), ""),
    "a {} cut a step early": (KEYS, every(r"cmp #\$2000((?:.*\n)*?        lda #)\$1FFF"), r"cmp #$1FE0\1$1FDF"),
    "a {} cut a step late": (KEYS, every(r"cmp #\$2000((?:.*\n)*?        lda #)\$1FFF"), r"cmp #$2020\1$201F"),
    "a {} below cut above": (KEYS, every(r"cmp #\$8000"), "cmp #$FFFF"),
    "a {} above cut below": (KEYS, every(r"cmp #\$8000"), "cmp #$2000"),
    "a {} halved once too little": (KEYS, every(r"        lsr a\n(        eor #\$0080)"), r"\1"),
    "a {} without its sign": (KEYS, every(r"        eor #\$0080\n"), ""),
}


def of_values(pattern: Pattern, new: str) -> tuple[Place, Pattern, str]:
    """The same of a value, which is over 4 where a key is over 32."""
    for key, value in {"2000": "0400", "1FFF": "03FF", "1FE0": "03FC", "1FDF": "03FB", "2020": "0404"}.items():
        pattern = Pattern(pattern.regex.replace(key, value), pattern.times)
        new = new.replace(key, value)
    return VALUES, pattern, new.replace("201F", "0403")


BUGS += [Bug(name.format("key"), *planted, PACKED, model=CUT) for name, planted in IN_BYTES.items()]
BUGS += [
    Bug(name.format("value"), *of_values(pattern, new), PACKED, model=CUT)
    for name, (_, pattern, new) in IN_BYTES.items()
]
BUGS += [
    Bug("a value in the key's byte", row("layer0.wv", 3), regex(r"        xba\n"), "", PACKED + "3]"),
    Bug("a value over its key", row("layer0.wv", 3), regex(r"        ora a:packed \+ 6\n"), "", PACKED + "3]"),
    Bug("another row's key", row("layer0.wv", 3), regex(r"ora a:packed \+ 6"), "ora a:packed + 4", PACKED + "3]"),
]


def entries_read() -> dict[int, int]:
    """Hidden unit of the first part → an entry that it reads of the table, at the first token of a text."""
    kernel, integer, trace = LOOKUPS[0], Executor(MODEL), Trace()
    integer.step(integer.start(1), np.array([MODEL.config.bos]), trace)
    bits = kernel.lookup.bits
    units = kernel.rows.product(MODEL)(trace["layer0.mlp_norm"])[0] + (1 << bits)
    return dict(enumerate((units >> (bits - 11)).tolist()))


UNITS, SUM = "layer0.activation0[", "layer0.mlp_sum0["
ENTRIES = entries_read()
TABLE = looked_up(MODEL)[1].hidden.table.label
STEP = 1 << (LOOKUPS[0].lookup.bits - 11)
PART = block("layer0.activation1")
BUGS += [
    Bug("the entry of another step", row("layer0.fc1", 5), CONSTANT, moved(8 * STEP), UNITS + "5]"),
    Bug("an entry one too large", *numbers(TABLE, add(ENTRIES[7], 1)), UNITS),
    Bug(
        "an entry of the negative side one too small",
        *numbers(TABLE, add(min(ENTRIES.values()), -1)),
        UNITS,
    ),
    Bug("a unit in its neighbor's slot", row("layer0.fc1", 4), regex(r"(slots) \+ 8$"), r"\1 + 10", UNITS + "4]"),
    Bug(
        "a minus slot of the unit before",
        row("layer0.fc1", 4),
        regex(r"(        sta a:hidden_slots \+ MINUS_PART) \+ 8$"),
        r"\1 + 6",
        SUM,
    ),
    Bug("a minus slot one too small", row("layer0.fc1", 4), regex(r"        sec\n"), "        clc\n", SUM),
    Bug(
        "a minus slot eight off",
        row("layer0.fc1", 4),
        regex(r"(sec\n        adc #\$0\w\w)0"),
        r"\g<1>8",
        SUM,
    ),
    Bug("a plus slot for a minus slot", row("layer0.fc1", 4), regex(r"        eor #\$FFFF\n"), "", SUM),
    Bug(
        "a stale unit of the part before",
        row("layer0.fc1", 34),
        regex(r"        sta a:hidden_slots \+ 0\n"),
        "",
        "layer0.activation1[0]",
    ),
    Bug(
        "a stale minus slot of the part before",
        row("layer0.fc1", 34),
        regex(r"        sta a:hidden_slots \+ MINUS_PART \+ 0\n"),
        "",
        "layer0.mlp_sum1[",
    ),
    Bug(
        "the units of the part before",
        PART,
        "        call_far layer0_fc1_part1_rows\n",
        "        call_far layer0_fc1_part0_rows\n",
        "layer0.activation1[",
    ),
    Bug(
        "the columns of the part before",
        block("layer0.fc2_part1"),
        "        call_far layer0_fc2_part1_rows\n",
        "        call_far layer0_fc2_part0_rows\n",
        "layer0.mlp_sum1[",
    ),
    Bug(
        "a part's page read as two",
        block("layer0.fc2_part1"),
        "        pea hidden_slots\n",
        "        pea hidden_slots + 2\n",
        "layer0.mlp_sum1[",
    ),
    Bug(
        "a part's sum not added", block("layer0.mlp_sum1"), regex(r"        call_far .*\n"), "", "layer0.mlp_sum1["
    ),
    Bug("a part in another's place", PART, "sta a:hidden + 2 * 34", "sta a:hidden + 2 * 0", "layer0.activation1["),
    Bug("the copy lacks a part's last unit", PART, "(34 - 1)", "(34 - 2)", "layer0.activation1[33]"),
    Bug("the copy keeps the slots' bias", PART, regex(r"sbc #\d+"), "sbc #0", "layer0.activation1[0]"),
]

TOP = 2 << 11
ABOVE, BELOW = rf"cmp #\${TOP:04X}", rf"cmp #\${0x8000 + TOP // 2:04X}"
NARROW_ROWS = all_rows("layer0.fc1", "layer0.fc2")
NARROW_TABLE = looked_up(NARROW)[1].hidden.table.label
AT_ENDS: Mapping[str, tuple[str | Place, Pattern, New]] = {
    "units beyond the table": (NARROW_ROWS, every(rf"        {ABOVE}\n(?:        .*\n){{5}}        :\n"), ""),
    "units above the table": (NARROW_ROWS, every(rf"        {ABOVE}\n        bcc :\+\n"), "        bra :+\n"),
    "above the table as below it": (NARROW_ROWS, every(BELOW), "cmp #$0000"),
    "below the table as above it": (NARROW_ROWS, every(BELOW), "cmp #$FFFF"),
    "the table ends early": (NARROW_ROWS, every(rf"lda #\${TOP - 1:04X}"), f"lda #${TOP - 257:04X}"),
    "the last entry": numbers(NARROW_TABLE, add(4095, 1)),
    "the first entry": numbers(NARROW_TABLE, add(0, 1)),
}
BUGS += [Bug(name, *planted, UNITS, model=NARROW) for name, planted in AT_ENDS.items()]


def texts(model: IntegerModel) -> list[list[Request]]:
    """At every temperature, and six at random to the end of the context."""
    config, random = model.config, np.random.default_rng(0)
    prompts = random.integers(0, config.bos, (6, config.block_size - 1)).tolist()
    return [*batches(config, 1), [Request(n, 5, 1, tuple(prompt)) for n, prompt in enumerate(prompts)]]


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_the_parity_check_names_the_bug(bug: Bug) -> None:
    parity_must_name(bug, MODEL, texts(bug.model or MODEL))


ON_SA1 = gpt2_model(MODEL.config, 1, target=SA1)
MAC = "attention_mac.asm"
BUGS_ON_SA1 = [
    Bug(
        "a byte of the next dimension",
        MAC,
        first(r"(lda a:packed \+ 2 \*) 0$"),
        r"\1 1",
        "layer0.attention.scores[",
    ),
    Bug(
        "a key in the next position's place",
        MAC,
        first(r"(        lda position\n        asl a\n)(        tax\n        lda a:packed)"),
        r"\1        inc a\n        inc a\n\2",
        "layer0.attention.scores[",
    ),
    Bug(
        "another head's query",
        behind("score_0_0:", MAC),
        first(r"(lda a:slots \+ 2 \*) 0$"),
        r"\1 8",
        "layer0.attention.scores[",
    ),
    Bug(
        "a key for a value",
        behind("value_0_0:", MAC),
        first(r"(ldx a:CACHE_0 \+ 0 .*), y"),
        r"\1 - 1, y",
        "layer0.attention[",
    ),
    Bug(
        "a unit's stale slot",
        row("layer0.fc1", 34),
        regex(r"        sta a:hidden_slots \+ 0\n"),
        "",
        "layer0.activation1[0]",
    ),
]


@pytest.mark.parametrize("bug", BUGS_ON_SA1, ids=str)
def test_the_parity_check_names_the_bug_on_the_sa1(bug: Bug) -> None:
    parity_must_name(bug, ON_SA1, texts(ON_SA1))


@pytest.mark.parametrize("target", TARGETS)
def test_without_a_bug_nothing_differs(target: str) -> None:
    for model in (gpt2_model(MODEL.config, 1, target=target), narrow_tables(target)):
        parity_finds_nothing(model, texts(model), least=20)
