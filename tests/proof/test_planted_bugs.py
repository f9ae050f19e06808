"""Link 5: the proof is proved. Every bug planted here must be caught by the parity check or by a routine's twin."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from asm.build import build_rom, symbols
from quantize.executor import Executor, Trace
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import Parity, verify
from tables.rsqrt import rsqrt_table
from tests.support.models import random_model
from tests.support.routine_console import Mismatch, RoutineConsole, build_routines
from tests.support.routine_twins import TWINS
from trainer.config import ModelConfig
from trainer.errors import InputError

Files = dict[str, bytes]
Edit = Callable[[Files], None]

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


@dataclass(frozen=True)
class Bug:
    """What is wrong, the edit that plants it, and what the proof must name: a stage, or a routine."""

    name: str
    edit: Edit
    where: str
    model: IntegerModel = field(default=MODEL, repr=False)


def swap(file: str, old: str, new: str) -> Edit:
    """Replace a text that stands in the file exactly once."""

    def edit(files: Files) -> None:
        text = files[file].decode()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        files[file] = text.replace(old, new).encode()

    return edit


def within(routine: str, old: str, new: str, file: str) -> Edit:
    """Replace a text that stands exactly once in a routine's body."""

    def edit(files: Files) -> None:
        text = files[file].decode()
        start = text.index(f"proc {routine}, ")
        end = text.index("\nendproc", start)
        assert text.count(old, start, end) == 1, f"{old!r} stands {text.count(old, start, end)} times in {routine}"
        files[file] = (text[:start] + text[start:end].replace(old, new) + text[end:]).encode()

    return edit


def in_block(block: str, old: str, new: str) -> Edit:
    """Replace a text that stands exactly once in a block of the forward pass."""

    def edit(files: Files) -> None:
        text = files["gpt.asm"].decode()
        start = text.index(f"; --- {block}:")
        end = (text + "; --- ").index("; --- ", start + 1)
        assert text.count(old, start, end) == 1, f"{old!r} stands {text.count(old, start, end)} times in {block}"
        files["gpt.asm"] = (text[:start] + text[start:end].replace(old, new) + text[end:]).encode()

    return edit


def numbers(label: str, change: Callable[[list[list[int]]], list[list[int]]]) -> Edit:
    """Change the table at a label of data.asm, as rows of numbers."""

    def edit(files: Files) -> None:
        text = files["data.asm"].decode()
        found = re.search(rf"^{label}:\n((?:        \.(?:word|byte) .*\n)+)", text, re.M)
        assert found, f"no table {label}"
        kind = found[1].split()[0]
        rows = [[int(n) for n in line.split(None, 1)[1].split(",")] for line in found[1].splitlines()]
        changed = change([list(row) for row in rows])
        assert changed != rows and [len(row) for row in changed] == [len(row) for row in rows]
        lines = "".join(f"        {kind} {', '.join(map(str, row))}\n" for row in changed)
        files["data.asm"] = (text[: found.start(1)] + lines + text[found.end(1) :]).encode()

    return edit


def add(index: int, amount: int) -> Callable[[list[list[int]]], list[list[int]]]:
    """One entry more or less."""

    def change(rows: list[list[int]]) -> list[list[int]]:
        row, column = divmod(index, len(rows[0]))
        rows[row][column] += amount
        return rows

    return change


def flip_one_sign(rows: list[list[int]]) -> list[list[int]]:
    """The largest weight of the first row negated."""
    column = max(range(len(rows[0])), key=lambda c: abs((rows[0][c] ^ 0x8000) - 0x8000))
    rows[0][column] = -rows[0][column] & 0xFFFF
    return rows


def transpose(rows: list[list[int]]) -> list[list[int]]:
    """Inputs for outputs."""
    return [list(column) for column in zip(*rows, strict=True)]


def both(*edits: Edit) -> Edit:
    """Several edits as one."""

    def edit(files: Files) -> None:
        for one in edits:
            one(files)

    return edit


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
        "entry of the rsqrt table one too large", numbers("rsqrt_table", add(rsqrt_entry_in_use(), 1)), "embed_norm"
    ),
    Bug("sign of one weight flipped", numbers("layer0_fc1", flip_one_sign), "layer0.fc1"),
    Bug("last weight of the last row one too large", numbers("lm_head", add(8 * 9 - 1, 1)), "logits"),
    Bug("matrix transposed", numbers("layer0_wq", transpose), "layer0.q"),
    Bug(
        "a head reads its neighbour's keys",
        in_block("layer0.attention", "layer0_keys + 1 * 2 * HEAD_DIM", "layer0_keys + 0 * 2 * HEAD_DIM"),
        "layer0.attention.scores[1, ",
    ),
    Bug(
        "a head reads its neighbour's values",
        in_block("layer0.attention", "layer0_values + 1 * 2 * HEAD_DIM", "layer0_values + 0 * 2 * HEAD_DIM"),
        "layer0.attention[4]",
    ),
    Bug(
        "a head looks with its neighbour's query",
        in_block("layer0.attention", "query + 1 * 2 * HEAD_DIM", "query + 0 * 2 * HEAD_DIM"),
        "layer0.attention.scores[1, ",
    ),
    Bug("position off by one", in_block("embed", "lda position\n", "lda position\n        inc a\n"), "embed["),
    Bug(
        "keys written to the first row always",
        in_block("layer0.k", "adc position_bytes\n", "adc #0\n"),
        "layer0.k[",
    ),
    Bug(
        "norm shifts one too far",
        swap("config.inc", "RSQRT_SHIFT         = 13", "RSQRT_SHIFT         = 14"),
        "embed_norm",
    ),
    Bug(
        "residual dropped after attention",
        in_block("layer0.attention_residual", "call add_vector\n", "\n"),
        "layer0.attention_residual",
    ),
    Bug(
        "residual dropped after the MLP",
        in_block("layer0.mlp_residual", "call add_vector\n", "\n"),
        "layer0.mlp_residual",
    ),
    Bug("activation forgotten", in_block("layer0.activation", "call relu\n", "\n"), "layer0.activation"),
    Bug(
        "squares not saturated",
        within("square_q88", "bcc :+\n", "bra :+\n", "square.asm"),
        "layer0.activation",
        SQUARED,
    ),
    Bug("wrong bank", in_block("layer0.fc2", "w_ptr, layer0_fc2", "w_ptr, layer0_fc2 - $10000"), "layer0.fc2"),
    Bug("rounding constant missing", within("round_q88", "adc #$80\n", "adc #0\n", "rounding.asm"), "layer0.q"),
    Bug(
        "sign of the second factor ignored",
        within("mul_s16", ":       lda mul_b\n", ":       lda #0\n", "vector.asm"),
        "embed_norm[",
    ),
    Bug("accumulator not cleared", within("dot", "        stz acc\n", "", "vector.asm"), "layer0.q"),
    Bug(
        "weight_sum not cleared",
        within("softmax_weights", "stz weight_sum\n", "\n", "attention.asm"),
        "layer0.attention[",
    ),
    Bug(
        "mean not rounded",
        within(
            "weighted_mean",
            "        lsr a\n        sta dividend ",
            "        lda #0\n        sta dividend ",
            "attention.asm",
        ),
        "layer0.attention[",
    ),
    Bug(
        "position not reset between names",
        within("begin_document", "stz position\n", "\n", "inference.asm"),
        "position[",
    ),
    Bug(
        "stale cache: the row of the cache not reset",
        within("begin_document", "stz position_bytes\n", "\n", "inference.asm"),
        "layer0.attention",
    ),
    Bug(
        "context one too short",
        within("advance", "cmp #N_CONTEXT\n", "cmp #N_CONTEXT - 1\n", "inference.asm"),
        "another number of tokens",
    ),
    Bug(
        "generator starts from another constant",
        swap("config.inc", "SEED_MIX            = $9E37", "SEED_MIX            = $9E36"),
        "x[",
    ),
    Bug(
        "generator shifts one less",
        within("random", "        asl a\n        eor random_x\n", "        eor random_x\n", "math.asm"),
        "token 0: ",
    ),
    Bug(
        "forced letters draw too",
        within(
            "next_of_token",
            "        asl a\n        tax\n        lda host_prompt",
            "        pha\n        call random\n        pla\n        asl a\n        tax\n        lda host_prompt",
            "inference.asm",
        ),
        "x[",
    ),
    Bug(
        "an empty name allowed",
        within("next_of_token", "2 * (N_VOCAB - 1)", "2 * N_VOCAB", "inference.asm"),
        "next_token[",
    ),
    Bug(
        "the last of equals wins",
        within(
            "largest_logit", "        bcc smaller\n", "        bcc smaller\n        beq smaller\n", "sampler.asm"
        ),
        "next_token[",
    ),
    Bug(
        "the temperature asked for is ignored",
        swap("inference.asm", "lda host_temperature\n", "lda #TEMPERATURE_DEFAULT\n"),
        "next_token[",
    ),
    Bug(
        "the top-p asked for is ignored",
        swap("inference.asm", "lda host_top_p\n", "lda #TOP_P_DEFAULT\n"),
        "next_token[",
    ),
    Bug(
        "top-p kept from the request before",
        within("set_top_p", "        sta top_share\n        cmp #0\n", "        cmp #0\n", "sampler.asm"),
        "next_token[",
        replace(MODEL, info={"top_p": 0.3}),
    ),
    Bug(
        "an interrupt keeps not the accumulator",
        both(
            swap("main.asm", "        pha\n        phx\n        phb\n", "        phx\n        phb\n"),
            swap("main.asm", "        plx\n        pla\n        rti", "        plx\n        rti"),
        ),
        "",
    ),
]

BY_ROUTINE = [
    Bug("entry of the exp table one too small", numbers("exp_table", add(100, -1)), "exp_negative"),
    Bug(
        "exp table read at its end and beyond",
        within("exp_negative", "cmp #EXP_ENTRIES", "cmp #EXP_ENTRIES + 1", "attention.asm"),
        "exp_negative",
    ),
    Bug(
        "exp argument not rounded", within("exp_negative", "adc #4\n", "adc #3\n", "attention.asm"), "exp_negative"
    ),
    Bug("unused entry of the rsqrt table one too large", numbers("rsqrt_table", add(255, 1)), "rsqrt"),
    Bug("temperature rounded down", numbers("inverse_t_table", add(13, -1)), "set_temperature"),
    Bug(
        "sampling argument not rounded",
        within("set_temperature", "set acc, 1 << 10 ", "set acc, (1 << 10) - 1 ", "sampler.asm"),
        "set_temperature",
    ),
    Bug(
        "carry of a sum of weights lost",
        within("sampling_weights", "inc acc + 2\n", "\n", "sampler.asm"),
        "sampling_weights",
    ),
    Bug(
        "weights below the nucleus kept",
        within("nucleus", "        bcc drop\n", "", "sampler.asm"),
        "nucleus",
    ),
    Bug(
        "carry of the nucleus's sum lost",
        within("nucleus", "inc acc + 2\n", "\n", "sampler.asm"),
        "nucleus",
    ),
    Bug(
        "equals of the least weight dropped",
        within("nucleus", "        bcc drop\n", "        bcc drop\n        beq drop\n", "sampler.asm"),
        "nucleus",
    ),
    Bug(
        "a sum that is only met taken for exceeded",
        within(
            "least_kept",
            "        lda dividend\n        sta product\n",
            "        lda dividend\n        dec a\n        sta product\n",
            "sampler.asm",
        ),
        "least_kept",
    ),
    Bug(
        "borrow of the upper word lost",
        within(
            "least_kept",
            "        dec dividend + 2\n        bpl next\n",
            "        dec dividend + 2\n        bra next\n",
            "sampler.asm",
        ),
        "least_kept",
    ),
    Bug(
        "half of the exp table out of reach",
        within("least_kept", "EXP_ENTRIES / 2", "EXP_ENTRIES / 4", "sampler.asm"),
        "least_kept",
    ),
    Bug(
        "the first weight gathered not looked at",
        within(
            "least_kept",
            "next:   dex\n        dex\n        bmi short",
            "next:   dex\n        dex\n        beq short",
            "sampler.asm",
        ),
        "least_kept",
    ),
    Bug(
        "tokens that may not be chosen weighed",
        within("least_kept", "ldy candidates", "ldy #2 * N_VOCAB", "sampler.asm"),
        "least_kept",
    ),
    Bug(
        "top-p rounded up",
        within("set_top_p", "        dec a\n", "", "sampler.asm"),
        "set_top_p",
    ),
    Bug(
        "upper word of the sum not shared",
        within("share_of_sum", "        lda acc + 2\n", "        lda #0\n", "sampler.asm"),
        "share_of_sum",
    ),
    Bug(
        "upper word of the sum of weights not heard",
        within("play_letter", "ldy acc + 2\n", "ldy #0\n", "sound.asm"),
        "play_letter",
    ),
    Bug(
        "equal notes run together",
        within("play_letter", "eor #$80 + HIGHEST_NOTE", "eor #HIGHEST_NOTE", "sound.asm"),
        "play_letter",
    ),
    Bug(
        "17th bit of a division lost",
        within("divide", "        bcs subtract            ; 17 bits: certainly larger\n", "", "math.asm"),
        "divide",
    ),
    Bug(
        "carry of the middle products lost",
        within("mul_u16", "inc product + 3         ; the middle", "nop ; the middle", "math.asm"),
        "mul_u16",
    ),
    Bug("shift without its half", within("round_shift", "bcc done\n", "bra done\n", "vector.asm"), "round_shift"),
    Bug(
        "a result through a 16-bit pointer",
        within("add_vector", "sta [y_ptr], y", "sta (y_ptr), y", "vector.asm"),
        "add_vector",
    ),
    Bug(
        "state of the generation overwritten",
        within("divide", "ldx #16\n", "ldx #16\n        stx position\n", "math.asm"),
        "divide",
    ),
    Bug(
        "a routine comes back 8 bits wide",
        within(
            "relu",
            "        cpy n_bytes\n        bne :--\n",
            "        cpy n_bytes\n        bne :--\n        sep #$20\n",
            "relu.asm",
        ),
        "relu",
    ),
    Bug(
        "the data bank not restored",
        within(
            "add_rows",
            "        ldy #0\n",
            "        phd\n        pld\n        pea $7E7E\n        plb\n        plb\n        ldy #0\n",
            "embedding.asm",
        ),
        "add_rows",
    ),
    Bug(
        "epsilon of the norm dropped",
        within("rmsnorm", "set acc, NORM_EPSILON", "stz acc", "vector.asm"),
        "rmsnorm",
    ),
]


def parity(model: IntegerModel, edit: Edit | None, core: str = "snes9x", noise: int | None = None) -> Parity:
    """The proof as it is run on every cartridge, on one with a bug."""
    image = build_rom(model, traced=True, edit=edit).image
    with Console(image, core) as console:
        if noise is not None:
            console.scramble(noise)
        host = Host(console, model, frames_per_token=60)
        return verify(host, Executor(model), BATCHES, stop_at_first=True)


@pytest.mark.parametrize("bug", BY_PARITY, ids=lambda bug: bug.name)
def test_the_parity_check_names_the_bug(bug: Bug) -> None:
    found = parity(bug.model, bug.edit)
    assert found.mismatches and found.first is not None
    assert bug.where in found.first


@pytest.mark.parametrize("bug", BY_ROUTINE, ids=lambda bug: bug.name)
def test_a_twin_names_the_bug(bug: Bug) -> None:
    rom = build_routines(bug.model, bug.edit)
    with Console(rom.image) as console, pytest.raises(Mismatch, match=f"^{bug.where}[: ]"):
        harness = RoutineConsole(console, rom)
        harness.check(bug.where, TWINS[bug.where](rom.memory, np.random.default_rng(0), 200))


@pytest.mark.parametrize("model", [MODEL, SQUARED], ids=["relu", "relu2"])
def test_without_a_bug_nothing_is_found(model: IntegerModel) -> None:
    found = parity(model, None)
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens >= 50


NO_WAIT = swap(
    "snes.inc", ".macro wait_multiply\n        nop\n        nop\n        nop\n", ".macro wait_multiply\n"
)


def test_a_missing_wait_is_seen_by_bsnes_and_not_by_snes9x() -> None:
    assert parity(MODEL, NO_WAIT, "snes9x").mismatches == 0
    found = parity(MODEL, NO_WAIT, "bsnes")
    assert found.mismatches and found.first is not None
    assert "embed_norm" in found.first


NARROW_DOT = swap("vector.asm", "proc dot, 16, 16", "proc dot, 16, 8")


def test_a_routine_of_another_width_is_refused_by_the_linker() -> None:
    with pytest.raises(InputError, match="dot called with other register widths"):
        build_rom(MODEL, edit=NARROW_DOT)


def test_a_routine_of_another_width_is_caught_without_the_contract() -> None:
    def no_contract(files: Files) -> None:
        files["contract.inc"], removed = re.subn(rb"        \.assert \.ident.*\n", b"", files["contract.inc"])
        assert removed == 2

    with pytest.raises(TimeoutError):
        parity(MODEL, both(NARROW_DOT, no_contract))


NOT_CLEARED = swap("main.asm", "        dma DMA_BYTE_FIXED, WMDATA, zero, $10000\n", "")


def makes_tokens(edit: Edit | None, core: str) -> bool:
    """Whether the screen of names counts a sensible number in 60 frames after power-on with noise in memory."""
    rom = build_rom(MODEL, edit=edit)
    with Console(rom.image, core) as console:
        console.scramble(1)
        console.run(60)
        return 1 < int(console.read_words(symbols(rom.debug)["tokens_made"], 1)[0]) < 200


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_memory_that_is_not_cleared_is_caught_when_it_holds_noise(core: str) -> None:
    assert parity(MODEL, None, core, noise=1).mismatches == 0
    assert makes_tokens(None, core)
    assert not makes_tokens(NOT_CLEARED, core)  # noise says which screen to show, and that a host is there
