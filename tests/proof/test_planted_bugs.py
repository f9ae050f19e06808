"""Link 5: the proof is proved. Every bug planted here must be caught by the parity check or by a routine's twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from asm.build import build_rom, symbols
from quantize.executor import Executor, Trace
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from tables.rsqrt import rsqrt_table
from tests.support.models import random_model
from tests.support.planted_bugs import (
    Bug,
    Edit,
    Rows,
    add,
    all_of,
    block,
    numbers,
    parity,
    parity_finds_nothing,
    parity_must_name,
    regex,
    routine,
    twin_must_notice,
)
from trainer.config import ModelConfig
from trainer.errors import InputError

CONFIG = ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_hidden=16)
BATCHES = [
    [Request(1, 10, 2), Request(2, 10, 2, (3, 1))],
    [Request(3, 0, 4)],
    [Request(4, 20, 12)],
    [Request(5, 20, 8, top_p=50)],
]
"""Two names, so that the cache is stale; a prompt; greedy; many first letters; of half their chances."""


def tied(model: IntegerModel) -> IntegerModel:
    """The model with letters 0 and 1, 2 and 3 … equally likely: every greedy choice is a tie. So are 0 and BOS."""
    head = model.tensors["lm_head"].copy()
    head[1:-1:2] = head[0:-2:2]
    head[-1] = head[0]
    return replace(model, tensors={**model.tensors, "lm_head": head})


MODEL = tied(random_model(CONFIG))
SQUARED = random_model(replace(CONFIG, activation="relu2"), fc1=5.0, fc2=0.02)
"""Its squares saturate, and its second matrix is small enough to bear them."""


def flip_one_sign(rows: Rows) -> Rows:
    """The largest weight of the first row negated."""
    column = max(range(len(rows[0])), key=lambda c: abs((rows[0][c] ^ 0x8000) - 0x8000))
    rows[0][column] = -rows[0][column] & 0xFFFF
    return rows


def transpose(rows: Rows) -> Rows:
    """Inputs for outputs."""
    return [list(column) for column in zip(*rows, strict=True)]


def rsqrt_entry_in_use() -> int:
    """The entry that the first token's first norm reads."""
    trace: Trace = {}
    integer = Executor(MODEL)
    integer.step(integer.start(1), np.array([CONFIG.bos]), trace)
    total = int((trace["embed"] ** 2).sum()) + 5  # 5: epsilon at this width
    scaled = total << 2 * ((32 - total.bit_length()) // 2)
    assert 64 <= scaled >> 24 < len(rsqrt_table(CONFIG.n_embd).entries)
    return scaled >> 24


BY_PARITY = [
    Bug(
        "entry of the rsqrt table one too large",
        *numbers("rsqrt_table", add(rsqrt_entry_in_use(), 1)),
        "embed_norm",
    ),
    Bug("sign of one weight flipped", *numbers("layer0_fc1", flip_one_sign), "layer0.fc1"),
    Bug("last weight of the last row one too large", *numbers("lm_head", add(8 * 9 - 1, 1)), "logits"),
    Bug("matrix transposed", *numbers("layer0_wq", transpose), "layer0.q"),
    Bug(
        "a head reads its neighbour's keys",
        block("layer0.attention"),
        "layer0_keys + 1 * 2 * HEAD_DIM",
        "layer0_keys + 0 * 2 * HEAD_DIM",
        "layer0.attention.scores[1, ",
    ),
    Bug(
        "a head reads its neighbour's values",
        block("layer0.attention"),
        "layer0_values + 1 * 2 * HEAD_DIM",
        "layer0_values + 0 * 2 * HEAD_DIM",
        "layer0.attention[4]",
    ),
    Bug(
        "a head looks with its neighbour's query",
        block("layer0.attention"),
        "query + 1 * 2 * HEAD_DIM",
        "query + 0 * 2 * HEAD_DIM",
        "layer0.attention.scores[1, ",
    ),
    Bug("position off by one", block("embed"), "lda position\n", "lda position\n        inc a\n", "embed["),
    Bug("keys written to the first row always", block("layer0.k"), "adc position_bytes\n", "adc #0\n", "layer0.k["),
    Bug(
        "norm shifts one too far",
        "config.inc",
        "RSQRT_SHIFT         = 13",
        "RSQRT_SHIFT         = 14",
        "embed_norm",
    ),
    Bug(
        "residual dropped after attention",
        block("layer0.attention_residual"),
        "call add_vector\n",
        "\n",
        "layer0.attention_residual",
    ),
    Bug(
        "residual dropped after the MLP",
        block("layer0.mlp_residual"),
        "call add_vector\n",
        "\n",
        "layer0.mlp_residual",
    ),
    Bug("activation forgotten", block("layer0.activation"), "call relu\n", "\n", "layer0.activation"),
    Bug(
        "squares not saturated",
        routine("square_q88", "square.asm"),
        "bcc :+\n",
        "bra :+\n",
        "layer0.activation",
        model=SQUARED,
    ),
    Bug("wrong bank", block("layer0.fc2"), "w_ptr, layer0_fc2", "w_ptr, layer0_fc2 - $10000", "layer0.fc2"),
    Bug("rounding constant missing", routine("round_q88", "rounding.asm"), "adc #$80\n", "adc #0\n", "layer0.q"),
    Bug(
        "sign of the second factor ignored",
        routine("mul_s16", "vector.asm"),
        ":       lda mul_b\n",
        ":       lda #0\n",
        "embed_norm[",
    ),
    Bug("accumulator not cleared", routine("dot", "vector.asm"), "        stz acc\n", "", "layer0.q"),
    Bug(
        "weight_sum not cleared",
        routine("softmax_weights", "attention.asm"),
        "stz weight_sum\n",
        "\n",
        "layer0.attention[",
    ),
    Bug(
        "mean not rounded",
        routine("weighted_mean", "attention.asm"),
        "        lsr a\n        sta dividend ",
        "        lda #0\n        sta dividend ",
        "layer0.attention[",
    ),
    Bug(
        "position not reset between names",
        routine("begin_document", "inference.asm"),
        "stz position\n",
        "\n",
        "position[",
    ),
    Bug(
        "stale cache: the row of the cache not reset",
        routine("begin_document", "inference.asm"),
        "stz position_bytes\n",
        "\n",
        "layer0.attention",
    ),
    Bug(
        "context one too short",
        routine("advance", "inference.asm"),
        "cmp #N_CONTEXT\n",
        "cmp #N_CONTEXT - 1\n",
        "another number of tokens",
    ),
    Bug(
        "generator starts from another constant",
        "config.inc",
        "SEED_MIX            = $9E37",
        "SEED_MIX            = $9E36",
        "x[",
    ),
    Bug(
        "generator shifts one less",
        routine("random", "math.asm"),
        "        asl a\n        eor random_x\n",
        "        eor random_x\n",
        "token 0: ",
    ),
    Bug(
        "forced letters draw too",
        routine("next_of_token", "inference.asm"),
        "        asl a\n        tax\n        lda host_prompt",
        "        pha\n        call random\n        pla\n        asl a\n        tax\n        lda host_prompt",
        "x[",
    ),
    Bug(
        "an empty name allowed",
        routine("next_of_token", "inference.asm"),
        "2 * (N_VOCAB - 1)",
        "2 * N_VOCAB",
        "next_token[",
    ),
    Bug(
        "the last of equals wins",
        routine("largest_logit", "sampler.asm"),
        "        bcc smaller\n",
        "        bcc smaller\n        beq smaller\n",
        "next_token[",
    ),
    Bug(
        "the temperature asked for is ignored",
        "host.asm",
        "lda host_temperature\n",
        "lda #TEMPERATURE_DEFAULT\n",
        "next_token[",
    ),
    Bug("the top-p asked for is ignored", "host.asm", "lda host_top_p\n", "lda #TOP_P_DEFAULT\n", "next_token["),
    Bug(
        "top-p kept from the request before",
        routine("set_top_p", "sampler.asm"),
        "        sta top_share\n        cmp #0\n",
        "        cmp #0\n",
        "next_token[",
        model=replace(MODEL, info={"top_p": 0.3}),
    ),
    Bug(
        "an interrupt keeps not the accumulator",
        "main.asm",
        regex(r"        pha\n(        phx\n        phb\n(?:.*\n)*?        plx\n)        pla\n(        rti)"),
        r"\1\2",
    ),
]

BY_ROUTINE = [
    Bug("entry of the exp table one too small", *numbers("exp_table", add(100, -1)), "exp_negative"),
    Bug(
        "exp table read at its end and beyond",
        routine("exp_negative", "attention.asm"),
        "cmp #EXP_ENTRIES",
        "cmp #EXP_ENTRIES + 1",
        "exp_negative",
    ),
    Bug(
        "exp argument not rounded", routine("exp_negative", "attention.asm"), "adc #4\n", "adc #3\n", "exp_negative"
    ),
    Bug("unused entry of the rsqrt table one too large", *numbers("rsqrt_table", add(255, 1)), "rsqrt"),
    Bug("temperature rounded down", *numbers("inverse_t_table", add(13, -1)), "set_temperature"),
    Bug(
        "sampling argument not rounded",
        routine("set_temperature", "sampler.asm"),
        "set acc, 1 << 10 ",
        "set acc, (1 << 10) - 1 ",
        "set_temperature",
    ),
    Bug(
        "carry of a sum of weights lost",
        routine("sampling_weights", "sampler.asm"),
        "inc acc + 2\n",
        "\n",
        "sampling_weights",
    ),
    Bug("weights below the nucleus kept", routine("nucleus", "sampler.asm"), "        bcc drop\n", "", "nucleus"),
    Bug("carry of the nucleus's sum lost", routine("nucleus", "sampler.asm"), "inc acc + 2\n", "\n", "nucleus"),
    Bug(
        "equals of the least weight dropped",
        routine("nucleus", "sampler.asm"),
        "        bcc drop\n",
        "        bcc drop\n        beq drop\n",
        "nucleus",
    ),
    Bug(
        "a sum that is only met taken for exceeded",
        routine("least_kept", "sampler.asm"),
        "        lda dividend\n        sta product\n",
        "        lda dividend\n        dec a\n        sta product\n",
        "least_kept",
    ),
    Bug(
        "borrow of the upper word lost",
        routine("least_kept", "sampler.asm"),
        "        dec dividend + 2\n        bpl next\n",
        "        dec dividend + 2\n        bra next\n",
        "least_kept",
    ),
    Bug(
        "half of the exp table out of reach",
        routine("least_kept", "sampler.asm"),
        "EXP_ENTRIES / 2",
        "EXP_ENTRIES / 4",
        "least_kept",
    ),
    Bug(
        "the first weight gathered not looked at",
        routine("least_kept", "sampler.asm"),
        "next:   dex\n        dex\n        bmi short",
        "next:   dex\n        dex\n        beq short",
        "least_kept",
    ),
    Bug(
        "tokens that may not be chosen weighed",
        routine("least_kept", "sampler.asm"),
        "ldy candidates",
        "ldy #2 * N_VOCAB",
        "least_kept",
    ),
    Bug("top-p rounded up", routine("set_top_p", "sampler.asm"), "        dec a\n", "", "set_top_p"),
    Bug(
        "upper word of the sum not shared",
        routine("share_of_sum", "sampler.asm"),
        "        lda acc + 2\n",
        "        lda #0\n",
        "share_of_sum",
    ),
    Bug(
        "upper word of the sum of weights not heard",
        routine("play_letter", "sound.asm"),
        "ldy acc + 2\n",
        "ldy #0\n",
        "play_letter",
    ),
    Bug(
        "equal notes run together",
        routine("play_letter", "sound.asm"),
        "eor #$80 + HIGHEST_NOTE",
        "eor #HIGHEST_NOTE",
        "play_letter",
    ),
    Bug(
        "17th bit of a division lost",
        routine("divide", "math.asm"),
        "        bcs subtract            ; 17 bits: certainly larger\n",
        "",
        "divide",
    ),
    Bug(
        "carry of the middle products lost",
        routine("mul_u16", "math.asm"),
        "inc product + 3         ; the middle",
        "nop ; the middle",
        "mul_u16",
    ),
    Bug(
        "the report's checksum begins at another word",
        routine("seal_report", "report.asm"),
        "ldx #0\n",
        "ldx #2\n",
        "seal_report",
    ),
    Bug(
        "a bit of the report lost",
        routine("report_digit", "report.asm"),
        "rol report\n",
        "asl report\n",
        "report_digit",
    ),
    Bug("shift without its half", routine("round_shift", "vector.asm"), "bcc done\n", "bra done\n", "round_shift"),
    Bug(
        "a result through a 16-bit pointer",
        routine("add_vector", "vector.asm"),
        "sta [y_ptr], y",
        "sta (y_ptr), y",
        "add_vector",
    ),
    Bug(
        "state of the generation overwritten",
        routine("divide", "math.asm"),
        "ldx #16\n",
        "ldx #16\n        stx position\n",
        "divide",
    ),
    Bug(
        "a routine comes back 8 bits wide",
        routine("relu", "relu.asm"),
        "        cpy n_bytes\n        bne :--\n",
        "        cpy n_bytes\n        bne :--\n        sep #$20\n",
        "relu",
    ),
    Bug(
        "the data bank not restored",
        routine("add_rows", "embedding.asm"),
        "        ldy #0\n",
        "        phd\n        pld\n        pea $7E7E\n        plb\n        plb\n        ldy #0\n",
        "add_rows",
    ),
    Bug(
        "epsilon of the norm dropped",
        routine("rmsnorm", "vector.asm"),
        "set acc, NORM_EPSILON",
        "stz acc",
        "rmsnorm",
    ),
]


@pytest.mark.parametrize("bug", BY_PARITY, ids=str)
def test_the_parity_check_names_the_bug(bug: Bug) -> None:
    parity_must_name(bug, MODEL, BATCHES)


@pytest.mark.parametrize("bug", BY_ROUTINE, ids=str)
def test_a_twin_names_the_bug(bug: Bug) -> None:
    twin_must_notice(bug, MODEL, 200)


@pytest.mark.parametrize("model", [MODEL, SQUARED], ids=["relu", "relu2"])
def test_without_a_bug_nothing_is_found(model: IntegerModel) -> None:
    parity_finds_nothing(model, BATCHES, 50)


NO_WAIT = Bug(
    "a missing wait",
    "snes.inc",
    ".macro wait_multiply\n        nop\n        nop\n        nop\n",
    ".macro wait_multiply\n",
)


def test_a_missing_wait_is_seen_by_bsnes_and_not_by_snes9x() -> None:
    assert parity(MODEL, NO_WAIT, BATCHES, "snes9x").mismatches == 0
    found = parity(MODEL, NO_WAIT, BATCHES, "bsnes")
    assert found.mismatches and found.first is not None
    assert "embed_norm" in found.first


WIDTHS_OF = regex(r"        \.assert \.ident.*\n", 2)
NO_CONTRACT = Bug("the contract about widths dropped", "contract.inc", WIDTHS_OF, "")
NARROW_DOT = Bug("a routine of another width", "vector.asm", "proc dot, 16, 16", "proc dot, 16, 8")


def test_a_routine_of_another_width_is_refused_by_the_linker() -> None:
    with pytest.raises(InputError, match="dot called with other register widths"):
        build_rom(MODEL, edit=NARROW_DOT)


def test_a_routine_of_another_width_is_caught_without_the_contract() -> None:
    with pytest.raises(TimeoutError):
        parity(MODEL, all_of(NARROW_DOT, NO_CONTRACT), BATCHES)


NOT_CLEARED = Bug(
    "memory that is not cleared", "main.asm", "        dma DMA_BYTE_FIXED, WMDATA, zero, $10000\n", ""
)


def makes_tokens(edit: Edit | None, core: str) -> bool:
    """Whether the screen of names counts a sensible number in 60 frames after power-on with noise in memory."""
    rom = build_rom(MODEL, edit=edit)
    with Console(rom.image, core) as console:
        console.scramble(1)
        console.press("start")
        console.run(60)
        return 1 < int(console.read_words(symbols(rom.debug)["tokens_made"], 1)[0]) < 200


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_memory_that_is_not_cleared_is_caught_when_it_holds_noise(core: str) -> None:
    assert parity(MODEL, None, BATCHES, core, noise=1).mismatches == 0
    assert makes_tokens(None, core)
    assert not makes_tokens(NOT_CLEARED, core)  # noise says which screen to show, and that a host is there
