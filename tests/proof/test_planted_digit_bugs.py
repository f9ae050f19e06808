"""Link 5 for the fast kernels: every bug planted in them must be caught, by the parity check or by a twin."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from asm.build import build_rom
from quantize.executor import Executor, Trace
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.models import digit_model, squares_table
from tests.support.planted_bugs import (
    Bug,
    add,
    behind,
    block,
    every,
    first,
    numbers,
    parity,
    parity_finds_nothing,
    parity_must_name,
    regex,
    rows,
    twin_must_notice,
)
from trainer.config import ModelConfig

MODEL = digit_model(ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_layer=2, n_hidden=16), seed=1)
"""Its second MLP matrices run by columns."""

IN_ROWS = digit_model(MODEL.config, seed=1, active=0.9)
SQUARED = digit_model(replace(MODEL.config, activation="relu2"), seed=1)
BATCHES = [[Request(1, 10, 2), Request(2, 10, 2, (3, 1, 4, 1, 5))], [Request(3, 0, 4)], [Request(4, 20, 12)]]


@cache
def wide() -> IntegerModel:
    """Code over several banks."""
    return digit_model(ModelConfig(9, block_size=4, n_embd=64, n_head=1, n_hidden=192), seed=5)


@cache
def first_token() -> Trace:
    """The model's trace of BOS at position 0."""
    trace: Trace = {}
    integer = Executor(MODEL)
    integer.step(integer.start(1), np.array([MODEL.config.bos]), trace)
    return trace


def one_more(found: re.Match[str]) -> str:
    """The constant that a row ends with, and its epilogue."""
    return f"adc #${(int(found[1], 16) + 1) & 0xFFFF:04X}{found[2]}"


def next_position(found: re.Match[str]) -> str:
    """The front table's rows each one position too late."""
    lines = found[2].splitlines(keepends=True)
    return found[1] + "".join(lines[MODEL.config.vocab_size :] + lines[: MODEL.config.vocab_size])


def unit(positive: bool) -> int:
    """A hidden unit of layer 0 that the first token leaves above zero, or at zero."""
    hidden = first_token()["layer0.activation"][0]
    columns = np.abs(MODEL.tensors["layer0.fc2"]).sum(0)
    return int(np.flatnonzero((hidden > 0) == positive & (columns > 0) | (hidden < 0))[0])


SQUARES = squares_table(MODEL, "layer0.mlp_norm")
ACTIVE, IDLE = unit(True), unit(False)

BY_PARITY = [
    Bug(
        "a digit in the wrong plane",
        rows("lm_head"),
        first(r"(        lsr a\n)(        adc <.*\n)"),
        r"\2\1",
        "logits[",
    ),
    Bug(
        "a digit in the wrong plane of a hidden row",
        rows("layer0.fc1"),
        first(r"(        lsr a\n)(        adc <.*\n)"),
        r"\2\1",
        "layer0.activation[",
    ),
    Bug(
        "a rounding carry lost",
        rows("lm_head"),
        first(r"lsr a\n        adc <"),
        "lsr a\n        clc\n        adc <",
        "logits[",
    ),
    Bug(
        "the last rounding carry lost",
        rows("lm_head"),
        first(r"lsr a\n        adc #"),
        "lsr a\n        clc\n        adc #",
        "logits[",
    ),
    Bug("a digit's sign wrong", rows("layer1.wq"), first(r"adc <PLUS"), "adc <MINUS", "layer1.attention.query["),
    Bug(
        "a digit of another input",
        rows("layer0.wo"),
        first(r"lda <(\w+) \+ \d+"),
        r"lda <\1 + 6",
        "layer0.attention_residual[",
    ),
    Bug(
        "a bias off by one",
        rows("lm_head"),
        first(r"adc #\$([0-9A-F]{4})(\n        sta a:logits)"),
        one_more,
        "logits[",
    ),
    Bug(
        "the bias of a hidden row off by one",
        rows("layer1.fc1"),
        first(r"adc #\$([0-9A-F]{4})(\n        bcc)"),
        one_more,
        "layer1.activation[",
    ),
    Bug(
        "attention leaves a stale biased copy",
        "attention_ppu.asm",
        first(r"        sta a:slots \+ 2 \* N_EMBD \+ 2 \* 3$"),
        "",
        "layer0.attention_residual[",
    ),
    Bug(
        "the clamp leaves a stale biased copy",
        behind("proc clamp_residual,", "clamp.asm"),
        first(r"        sta a:slots \+ 2 \* N_EMBD .*\n"),
        "",
        "logits[",
    ),
    Bug(
        "a norm leaves stale biased copies",
        "table_norm.asm",
        every(r"        sta a:slots \+ 2 \* N_EMBD.*\n"),
        "",
        "layer0.activation[",
    ),
    Bug("a positive unit skipped", rows("layer0.fc1", ACTIVE), first(r"bcc :\+"), "bra :+", "layer0.activation["),
    Bug(
        "a negative unit run",
        rows("layer0.fc1", IDLE),
        first(r"bcc :\+"),
        "sec\n        bcc :+",
        "layer0.activation[",
    ),
    Bug(
        "a unit runs its neighbour's column",
        rows("layer0.fc1", ACTIVE),
        regex(rf"jml layer0_unit{ACTIVE}$"),
        f"jml layer0_unit{ACTIVE + 1}",
        "layer0.activation[",
    ),
    Bug(
        "a column comes back one row too late",
        "kernels.asm",
        regex(rf"jml layer0_after{ACTIVE}$"),
        f"jml layer0_after{ACTIVE + 1}",
        "layer0.",
    ),
    Bug(
        "a column's digit lost",
        behind(f"\nlayer0_unit{ACTIVE}:", "kernels.asm"),
        first(r"        (?:adc|sbc) <SHIFTED.*\n"),
        "",
        "layer0.mlp_residual[",
    ),
    Bug(
        "a shifted copy not rounded",
        behind(f"\nlayer0_unit{ACTIVE}:", "kernels.asm"),
        first(r"        adc #\$0000\n"),
        "        clc\n",
        "layer0.mlp_residual[",
    ),
    Bug(
        "the columns' sums not cleared",
        block("layer0"),
        "        call_far clear_sums\n",
        "",
        "layer0.mlp_residual[",
    ),
    Bug(
        "the front table one position off",
        "data.asm",
        regex(r"^(front_row_addresses:\n)((?:        \.faraddr .*\n)+)"),
        next_position,
        "embed_norm[",
    ),
    Bug(
        "key and value bytes swapped",
        behind("; layer1.wv", "kernels.asm"),
        first(r"        xba\n"),
        "",
        "layer1.attention.packed[",
    ),
    Bug(
        "entry of the reciprocals one too large",
        *numbers("reciprocal_table", add(127, 1)),
        "layer0.attention.weights[",
    ),
    Bug("entry of the exponentials one too small", *numbers("exp7_table", add(0, -1)), "layer0.attention.weights["),
    Bug("wrong direct page", block("logits"), "        pea slots\n", "        pea slots + 2\n", "logits["),
    Bug(
        "a head takes its neighbour's weights",
        behind("; values\n", "attention_ppu.asm"),
        first(r"lda a:weights \+ 10, y"),
        "lda a:weights + 0, y",
        "layer0.attention[",
    ),
    Bug(
        "keys kept a byte too late",
        "attention_ppu.asm",
        regex(r"(stream_row layer1_keys)$"),
        r"\1 + 1",
        "layer1.attention.scores[",
    ),
]


@pytest.mark.parametrize("bug", BY_PARITY, ids=str)
def test_the_parity_check_names_the_bug(bug: Bug) -> None:
    parity_must_name(bug, MODEL, BATCHES)


PAIRED = digit_model(ModelConfig(9, block_size=5, n_embd=16, n_head=2, n_hidden=64), seed=0)
"""Its first MLP matrix shares sums of two inputs among its rows."""

BY_PAIRS = [
    Bug("sums of two inputs of the token before", "gpt.asm", regex(r"        call_far layer0_fc1_pairs\n"), ""),
    Bug(
        "a sum of two inputs with a sign wrong",
        behind("far_entry layer0_fc1_pairs,", "kernels.asm"),
        first(r"adc <PLUS"),
        "adc <MINUS",
    ),
    Bug(
        "a sum of two inputs in the next one's place",
        behind("far_entry layer0_fc1_pairs,", "kernels.asm"),
        regex(r"(sta a:pair_slots) \+ 0$"),
        r"\1 + 2",
    ),
]


@pytest.mark.parametrize("bug", BY_PAIRS, ids=str)
def test_a_wrong_sum_of_two_inputs_is_named(bug: Bug) -> None:
    parity_must_name(bug, PAIRED, BATCHES)


SMALL = digit_model(MODEL.config, 7, wo=0.06, fc2=0.12)
"""Its matrices have exponents."""

BY_EXPONENT = [
    Bug(
        "sums of a fine matrix not rounded",
        behind("proc add_sums_", "column_sums.asm"),
        regex(r"adc #(\.loword\(-\(HALF_WORD)"),
        r"clc\n        adc #\1",
        "layer0.mlp_residual[",
    ),
    Bug(
        "sums of a fine matrix halved once too often",
        behind("proc add_sums_", "column_sums.asm"),
        first(r"\.repeat (\d)\n        lsr a"),
        r".repeat \1 + 1\n        lsr a",
        "layer0.mlp_residual[",
    ),
    Bug(
        "sums of a fine matrix taken as they are",
        behind("proc add_sums_", "column_sums.asm"),
        first(r"\.repeat \d\n        lsr a\n        \.endrepeat\n        adc #.*\n"),
        "eor #HALF_WORD\n",
        "layer0.mlp_residual[",
    ),
    Bug(
        "a fine row's finest digits not halved",
        rows("layer0.wo"),
        first(r"        lsr a\n"),
        "",
        "layer0.attention_residual[",
    ),
]


@pytest.mark.parametrize("bug", BY_EXPONENT, ids=str)
def test_a_bug_in_a_matrix_of_small_weights_is_named(bug: Bug) -> None:
    parity_must_name(bug, SMALL, BATCHES)


BY_ROUTINE = [
    Bug(
        "the clamp's bound one too high",
        "clamp.asm",
        "cmp #2 * HEAD_CLAMP + 1",
        "cmp #2 * HEAD_CLAMP + 2",
        "clamp_residual",
    ),
    Bug(
        "the clamp's lower end forgotten",
        behind("proc clamp_residual,", "clamp.asm"),
        regex(r"cmp #HALF_WORD "),
        "cmp #$FFFF ",
        "clamp_residual",
    ),
    Bug(
        "a square not saturated",
        behind("proc square_q88", "square.asm"),
        regex(r"cpx #\$0080"),
        "cpx #$00C0",
        "square_hidden",
        model=SQUARED,
    ),
    Bug("entry of the squares one too large", *numbers(SQUARES, add(2048, 1)), "norm.entry"),
    Bug("entry of the squares at the domain's end", *numbers(SQUARES, add(4095, -4096)), "norm.entry"),
    Bug(
        "the carry of the sum of squares lost",
        behind("; slots = NORM_BIAS", "table_norm.asm"),
        first(r"inc acc \+ 2"),
        "nop",
        "norm.entry",
    ),
    Bug(
        "attention looks one position too far",
        "attention_ppu.asm",
        regex(r"^LAST = \$FE"),
        "LAST = $FC",
        "block.entry",
    ),
    Bug(
        "a head without weight leaves its values to the next",
        behind("\nskip_0_0:", "attention_ppu.asm"),
        first(r"        ldx STREAM\n"),
        "",
        "block.entry",
    ),
    Bug(
        "the best score not kept",
        "attention_ppu.asm",
        first(r"cmp (a:best .*)\n        bcc"),
        r"cmp \1\n        bcs",
        "block.entry",
    ),
]


@pytest.mark.parametrize("bug", BY_ROUTINE, ids=str)
def test_a_twin_names_the_bug(bug: Bug) -> None:
    twin_must_notice(bug, MODEL, 200)


@pytest.mark.parametrize("model", [MODEL, IN_ROWS], ids=["columns", "rows"])
def test_without_a_bug_nothing_is_found(model: IntegerModel) -> None:
    parity_finds_nothing(model, BATCHES, 50)


def test_a_jump_to_the_wrong_bank_or_part_is_caught() -> None:
    model = wide()
    chains = [
        part
        for part in build_rom(model, traced=True).layout.code
        if part.end.startswith("jml") and "_part" in part.end
    ]
    assert chains, "no row goes on in another bank"
    for end in {chain.end for chain in chains}:
        for wrong in (f"{end} + $10000", "rtl"):
            edit = Bug(wrong, "kernels.asm", first(rf"^        {re.escape(end)}$"), f"        {wrong}")
            try:
                assert parity(model, edit, [[Request(1, 5, 1)]]).mismatches
            except TimeoutError:
                assert wrong != "rtl"


HOLDS_BG1 = Bug(
    "an interrupt that scrolls",
    "main.asm",
    regex(r"^(vertical_blank:\n(?:.*\n)*?        a8\n)"),
    r"\1        lda #$5A\n        sta BG1HOFS\n",
)
MANY = [[Request(seed, 20, 20)] for seed in range(8)]


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_an_interrupt_that_scrolls_background_1_spoils_a_product_and_is_caught(core: str) -> None:
    found = parity(MODEL, HOLDS_BG1, MANY, core)
    assert found.mismatches and found.first is not None
    assert re.search(r"attention|norm", found.first)


COUNTED = Bug(
    "interrupts inside a product are counted",
    "main.asm",
    regex(r"(vertical_blank:\n(?:.*\n)*?        phd\n)"),
    r"\1        tdc\n        cmp #INIDISP\n        bne :+\n"
    r"        lda f:$7E1E00\n        inc a\n        sta f:$7E1E00\n:\n",
)


def test_interrupts_between_any_two_steps_of_a_product_change_nothing() -> None:
    """The direct page covers the PPU's registers only in attention and norms: interrupts there are counted."""
    with Console(build_rom(MODEL, traced=True, edit=COUNTED).image) as console:
        found = verify(Host(console, MODEL), Executor(MODEL), MANY)
        inside = int(console.read_words(0x1E00, 1)[0])
    assert (found.mismatches, found.first) == (0, None)
    print(f"{inside} of {console.frames} interrupts came inside a product, {found.tokens} tokens")
    assert inside > 50
