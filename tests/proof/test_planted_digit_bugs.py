"""Link 5 for the fast kernels: every bug planted in them must be caught, by the parity check or by a twin."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from asm.build import build_rom
from quantize.executor import Executor, Trace
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import Parity, verify
from tests.proof.test_planted_bugs import Edit, Files, add, in_block, numbers, swap
from tests.support.digit_twins import FAST_TWINS
from tests.support.models import digit_model
from tests.support.routine_console import Mismatch, RoutineConsole, build_routines
from trainer.config import ModelConfig

MODEL = digit_model(ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_layer=2, n_hidden=16), seed=1)
"""Its second MLP matrices run by columns."""

IN_ROWS = digit_model(MODEL.config, seed=1, active=0.9)
BATCHES = [[Request(1, 10, 2), Request(2, 10, 2, (3, 1, 4, 1, 5))], [Request(3, 0, 4)], [Request(4, 20, 12)]]


@cache
def wide() -> IntegerModel:
    """Code over several banks."""
    return digit_model(ModelConfig(9, block_size=4, n_embd=64, n_head=1, n_hidden=192), seed=5)


@cache
def first_token() -> Trace:
    """What the model computes for BOS at position 0."""
    trace: Trace = {}
    integer = Executor(MODEL)
    integer.step(integer.start(1), np.array([MODEL.config.bos]), trace)
    return trace


@dataclass(frozen=True)
class Bug:
    """What is wrong, the edit that plants it, and what the proof must name."""

    name: str
    edit: Edit
    where: str


def changed(file: str, pattern: str, new: str | Callable[[re.Match[str]], str], after: str = "") -> Edit:
    """Replace the first match of a pattern, behind a text if one is given."""

    def edit(files: Files) -> None:
        text = files[file].decode()
        start = text.index(after)
        found, done = re.subn(pattern, new, text[start:], count=1, flags=re.M)
        assert done and found != text[start:], f"{pattern!r} stands nowhere in {file} behind {after!r}"
        files[file] = (text[:start] + found).encode()

    return edit


def in_rows(weight: str, pattern: str, new: str | Callable[[re.Match[str]], str]) -> Edit:
    """Replace the first match within the rows of a matrix."""
    return changed("kernels.asm", pattern, new, f"        ; {weight}[0]: ")


def in_row(weight: str, row: int, pattern: str, new: str) -> Edit:
    """Replace the first match from one row on."""
    return changed("kernels.asm", pattern, new, f"        ; {weight}[{row}]: ")


def one_more(found: re.Match[str]) -> str:
    """The constant that a row ends with, and its epilogue."""
    return f"adc #${(int(found[1], 16) + 1) & 0xFFFF:04X}{found[2]}"


def everywhere(file: str, pattern: str, new: str) -> Edit:
    """Replace every match."""

    def edit(files: Files) -> None:
        text, done = re.subn(pattern, new, files[file].decode(), flags=re.M)
        assert done, f"{pattern!r} stands nowhere in {file}"
        files[file] = text.encode()

    return edit


def next_position(files: Files) -> None:
    """The front table's rows each one position too late."""
    text = files["data.asm"].decode()
    found = re.search(r"^front_row_addresses:\n((?:        \.faraddr .*\n)+)", text, re.M)
    assert found
    rows = found[1].splitlines(keepends=True)
    turned = "".join(rows[MODEL.config.vocab_size :] + rows[: MODEL.config.vocab_size])
    files["data.asm"] = text.replace(found[1], turned).encode()


def unit(positive: bool) -> int:
    """A hidden unit of layer 0 that the first token leaves above zero, or at zero."""
    hidden = first_token()["layer0.activation"][0]
    columns = np.abs(MODEL.tensors["layer0.fc2"]).sum(0)
    return int(np.flatnonzero((hidden > 0) == positive & (columns > 0) | (hidden < 0))[0])


SQUARES = f"squares_{MODEL.parameters['layer0.mlp_norm.bits']}"
ACTIVE, IDLE = unit(True), unit(False)

BY_PARITY = [
    Bug(
        "a digit in the wrong plane",
        in_rows("lm_head", r"(        lsr a\n)(        adc <.*\n)", r"\2\1"),
        "logits[",
    ),
    Bug(
        "a digit in the wrong plane of a hidden row",
        in_rows("layer0.fc1", r"(        lsr a\n)(        adc <.*\n)", r"\2\1"),
        "layer0.activation[",
    ),
    Bug(
        "a rounding carry lost",
        in_rows("lm_head", r"lsr a\n        adc <", "lsr a\n        clc\n        adc <"),
        "logits[",
    ),
    Bug(
        "the last rounding carry lost",
        in_rows("lm_head", r"lsr a\n        adc #", "lsr a\n        clc\n        adc #"),
        "logits[",
    ),
    Bug("a digit's sign wrong", in_rows("layer1.wq", r"adc <PLUS", "adc <MINUS"), "layer1.attention.query["),
    Bug(
        "a digit of another input",
        in_rows("layer0.wo", r"lda <(\w+) \+ \d+", r"lda <\1 + 6"),
        "layer0.attention_residual[",
    ),
    Bug(
        "a bias off by one",
        in_rows("lm_head", r"adc #\$([0-9A-F]{4})(\n        sta a:logits)", one_more),
        "logits[",
    ),
    Bug(
        "the bias of a hidden row off by one",
        in_rows("layer1.fc1", r"adc #\$([0-9A-F]{4})(\n        bcc)", one_more),
        "layer1.activation[",
    ),
    Bug(
        "attention leaves a stale biased copy",
        changed("attention_ppu.asm", r"        sta a:slots \+ 2 \* N_EMBD \+ 2 \* 3$", ""),
        "layer0.attention_residual[",
    ),
    Bug(
        "the clamp leaves a stale biased copy",
        changed("digits.asm", r"        sta a:slots \+ 2 \* N_EMBD .*\n", "", "proc clamp_residual,"),
        "logits[",
    ),
    Bug(
        "a norm leaves stale biased copies",
        everywhere("digits.asm", r"        sta a:slots \+ 2 \* N_EMBD.*\n", ""),
        "layer0.activation[",
    ),
    Bug("a positive unit skipped", in_row("layer0.fc1", ACTIVE, r"bcc :\+", "bra :+"), "layer0.activation["),
    Bug("a negative unit run", in_row("layer0.fc1", IDLE, r"bcc :\+", "sec\n        bcc :+"), "layer0.activation["),
    Bug(
        "a unit runs its neighbour's column",
        in_row("layer0.fc1", ACTIVE, rf"jml layer0_unit{ACTIVE}$", f"jml layer0_unit{ACTIVE + 1}"),
        "layer0.activation[",
    ),
    Bug(
        "a column comes back one row too late",
        changed("kernels.asm", rf"jml layer0_after{ACTIVE}$", f"jml layer0_after{ACTIVE + 1}"),
        "layer0.",
    ),
    Bug(
        "a column's digit lost",
        changed("kernels.asm", r"        (?:adc|sbc) <SHIFTED.*\n", "", f"\nlayer0_unit{ACTIVE}:"),
        "layer0.mlp_residual[",
    ),
    Bug(
        "a shifted copy not rounded",
        changed("kernels.asm", r"        adc #\$0000\n", "        clc\n", f"\nlayer0_unit{ACTIVE}:"),
        "layer0.mlp_residual[",
    ),
    Bug(
        "the columns' sums not cleared",
        in_block("layer0", "        call_far clear_sums\n", ""),
        "layer0.mlp_residual[",
    ),
    Bug("the front table one position off", next_position, "embed_norm["),
    Bug(
        "key and value bytes swapped",
        changed("kernels.asm", r"        xba\n", "", "; layer1.wv"),
        "layer1.attention.packed[",
    ),
    Bug(
        "entry of the reciprocals one too large",
        numbers("reciprocal_table", add(127, 1)),
        "layer0.attention.weights[",
    ),
    Bug("entry of the exponentials one too small", numbers("exp7_table", add(0, -1)), "layer0.attention.weights["),
    Bug("wrong direct page", in_block("logits", "        pea slots\n", "        pea slots + 2\n"), "logits["),
    Bug(
        "a head takes its neighbour's weights",
        changed("attention_ppu.asm", r"lda a:weights \+ 10, y", "lda a:weights + 0, y", "; values\n"),
        "layer0.attention[",
    ),
    Bug(
        "keys kept a byte too late",
        changed("attention_ppu.asm", r"(stream_row layer1_keys)$", r"\1 + 1"),
        "layer1.attention.scores[",
    ),
]


def parity(model: IntegerModel, edit: Edit | None, batches: list[list[Request]], core: str = "snes9x") -> Parity:
    with Console(build_rom(model, traced=True, edit=edit).image, core) as console:
        host = Host(console, model, frames_per_token=60)
        return verify(host, Executor(model), batches, stop_at_first=True)


@pytest.mark.parametrize("bug", BY_PARITY, ids=lambda bug: bug.name)
def test_the_parity_check_names_the_bug(bug: Bug) -> None:
    found = parity(MODEL, bug.edit, BATCHES)
    assert found.mismatches and found.first is not None
    assert bug.where in found.first


PAIRED = digit_model(ModelConfig(9, block_size=5, n_embd=16, n_head=2, n_hidden=64), seed=0)
"""Its first MLP matrix shares sums of two inputs among its rows."""

BY_PAIRS = [
    Bug(
        "sums of two inputs of the token before", changed("gpt.asm", r"        call_far layer0_fc1_pairs\n", ""), ""
    ),
    Bug(
        "a sum of two inputs with a sign wrong",
        changed("kernels.asm", r"adc <PLUS", "adc <MINUS", "far_entry layer0_fc1_pairs,"),
        "",
    ),
    Bug(
        "a sum of two inputs in the next one's place",
        changed("kernels.asm", r"(sta a:pair_slots) \+ 0$", r"\1 + 2", "far_entry layer0_fc1_pairs,"),
        "",
    ),
]


@pytest.mark.parametrize("bug", BY_PAIRS, ids=lambda bug: bug.name)
def test_a_wrong_sum_of_two_inputs_is_named(bug: Bug) -> None:
    found = parity(PAIRED, bug.edit, BATCHES)
    assert found.first is not None and "layer0.activation[" in found.first


SMALL = digit_model(MODEL.config, 7, wo=0.06, fc2=0.12)
"""Its matrices have exponents."""

BY_EXPONENT = [
    Bug(
        "sums of a fine matrix not rounded",
        changed("digits.asm", r"adc #(\.loword\(-\(HALF_WORD)", r"clc\n        adc #\1", "add_sums_"),
        "layer0.mlp_residual[",
    ),
    Bug(
        "sums of a fine matrix halved once too often",
        changed("digits.asm", r"\.repeat (\d)\n        lsr a", r".repeat \1 + 1\n        lsr a", "add_sums_"),
        "layer0.mlp_residual[",
    ),
    Bug(
        "sums of a fine matrix taken as they are",
        in_block("layer0", "call_far add_sums_3", "call_far add_sums"),
        "layer0.mlp_residual[",
    ),
    Bug(
        "a fine row's finest digits not halved",
        in_rows("layer0.wo", r"        lsr a\n", ""),
        "layer0.attention_residual[",
    ),
]


@pytest.mark.parametrize("bug", BY_EXPONENT, ids=lambda bug: bug.name)
def test_a_bug_in_a_matrix_of_small_weights_is_named(bug: Bug) -> None:
    found = parity(SMALL, bug.edit, BATCHES)
    assert found.first is not None and bug.where in found.first


BY_ROUTINE = [
    Bug(
        "the clamp's bound one too high",
        swap("digits.asm", "cmp #2 * HEAD_CLAMP + 1", "cmp #2 * HEAD_CLAMP + 2"),
        "clamp_residual",
    ),
    Bug(
        "the clamp's lower end forgotten",
        changed("digits.asm", r"cmp #HALF_WORD ", "cmp #$FFFF ", "proc clamp_residual,"),
        "clamp_residual",
    ),
    Bug(
        "a square not saturated",
        changed("square.asm", r"cpx #\$0080", "cpx #$00C0", "proc square_q88"),
        "square_hidden",
    ),
    Bug("entry of the squares one too large", numbers(SQUARES, add(2048, 1)), "norm.entry"),
    Bug("entry of the squares at the domain's end", numbers(SQUARES, add(4095, -4096)), "norm.entry"),
    Bug(
        "the carry of the sum of squares lost",
        changed("digits.asm", r"inc acc \+ 2", "nop", "; slots = NORM_BIAS"),
        "norm.entry",
    ),
    Bug(
        "attention looks one position too far",
        changed("attention_ppu.asm", r"^LAST = \$FE", "LAST = $FC"),
        "block.entry",
    ),
    Bug(
        "a head without weight leaves its values to the next",
        changed("attention_ppu.asm", r"        ldx STREAM\n", "", "\nskip_0_0:"),
        "block.entry",
    ),
    Bug(
        "the best score not kept",
        changed("attention_ppu.asm", r"cmp (a:best .*)\n        bcc", r"cmp \1\n        bcs"),
        "block.entry",
    ),
]


@pytest.mark.parametrize("bug", BY_ROUTINE, ids=lambda bug: bug.name)
def test_a_twin_names_the_bug(bug: Bug) -> None:
    rom = build_routines(MODEL, bug.edit, also=("square_hidden", "square", "rounding"))
    with Console(rom.image) as console:
        harness = RoutineConsole(console, rom)
        calls = FAST_TWINS[bug.where](rom.memory, np.random.default_rng(0), 200)
        with pytest.raises(Mismatch):
            for label, call in calls.items():
                harness.check(label, call, header=bug.where)


@pytest.mark.parametrize("model", [MODEL, IN_ROWS], ids=["columns", "rows"])
def test_without_a_bug_nothing_is_found(model: IntegerModel) -> None:
    found = parity(model, None, BATCHES)
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens >= 50


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
            edit = changed("kernels.asm", rf"^        {re.escape(end)}$", f"        {wrong}")
            try:
                assert parity(model, edit, [[Request(1, 5, 1)]]).mismatches
            except TimeoutError:
                assert wrong != "rtl"


HOLDS_BG1 = changed(
    "main.asm", r"^(vertical_blank:\n(?:.*\n)*?        a8\n)", r"\1        lda #$5A\n        sta BG1HOFS\n"
)
MANY = [[Request(seed, 20, 20)] for seed in range(8)]


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_an_interrupt_that_scrolls_background_1_spoils_a_product_and_is_caught(core: str) -> None:
    found = parity(MODEL, HOLDS_BG1, MANY, core)
    assert found.mismatches and found.first is not None
    assert re.search(r"attention|norm", found.first)


COUNTED = changed(
    "main.asm",
    r"(vertical_blank:\n(?:.*\n)*?        phd\n)",
    r"\1        tdc\n        cmp #INIDISP\n        bne :+\n"
    r"        lda f:$7E1E00\n        inc a\n        sta f:$7E1E00\n:\n",
)


def test_interrupts_between_any_two_steps_of_a_product_change_nothing() -> None:
    """The direct page lies over the PPU's registers only in attention and norms: interrupts there are counted."""
    with Console(build_rom(MODEL, traced=True, edit=COUNTED).image) as console:
        found = verify(Host(console, MODEL), Executor(MODEL), MANY)
        inside = int(console.read_words(0x1E00, 1)[0])
    assert (found.mismatches, found.first) == (0, None)
    print(f"{inside} of {console.frames} interrupts came inside a product, {found.tokens} tokens")
    assert inside > 50
