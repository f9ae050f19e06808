"""Link 5 for the llama blocks: every bug planted in them must be caught, by the parity check or by a twin."""

from __future__ import annotations

import numpy as np
import pytest

from snesgpt.emulator.console import Console
from tests.proof.test_planted_bugs import Edit, add, in_block, numbers
from tests.proof.test_planted_digit_bugs import BATCHES, Bug, changed, everywhere, parity
from tests.support.llama_twins import LLAMA_TWINS
from tests.support.models import llama_config, llama_model
from tests.support.routine_console import Mismatch, RoutineConsole, build_routines

MODEL = llama_model(llama_config(9, 6, 16, (4, 2), 2, 52, 100.0), 1, wo=16.0, fc2=5.0)
"""Two heads share a row of keys, a head has two angles, and hidden units come in two parts."""

SILU = f"silu_{MODEL.parameters['layer0.activation.bits']}"
LINES = r"(?:        .*\n)+?"


def swapped_factors(first: str, second: str) -> Edit:
    """Other words of a pair's angle as its two factors."""
    return changed(
        "rotary.asm",
        r"(\.macro turn pair, angle\n        factor) angle\n((?:        .*\n)*?        factor) angle \+ 2\n",
        rf"\1 {first}\n\2 {second}\n",
    )


def gate_of_a_unit(pattern: str, new: str) -> Edit:
    """Replace the first match among the gates of layer 0."""
    return changed("gated.asm", pattern, new, "proc layer0_activation,")


BY_PARITY = [
    Bug("another token's embedding", in_block("embed", "        lda token\n", "        lda position\n"), "embed["),
    Bug("sine and cosine swapped", swapped_factors("angle + 2", "angle"), "layer0.attention.query["),
    Bug("turned by the cosine alone", swapped_factors("angle", "angle"), "layer0.attention.query["),
    Bug(
        "turned the other way",
        changed(
            "rotary.asm", r"        eor #\$FFFF\n        sec\n(        adc a:turned_first)", r"        clc\n\1"
        ),
        "layer0.attention.query[",
    ),
    Bug(
        "a pair of the query turned by its neighbour's angle",
        changed("rotary.asm", r"(turn query \+ 4 \* 0, turn_by \+ 4 \*) 0$", r"\1 1"),
        "layer0.attention.query[",
    ),
    Bug(
        "a pair of the key turned by its neighbour's angle",
        changed("rotary.asm", r"(turn key \+ 4 \* 3, turn_by \+ 4 \*) 1$", r"\1 0", "proc layer1_rotary,"),
        "layer1.attention.packed[",
    ),
    Bug(
        "twice the position's angle",
        changed("rotary.asm", r"(lda a:position\n        asl a\n)", r"\1        asl a\n", "proc layer0_rotary,"),
        "layer0.attention.query[",
    ),
    Bug(
        "the low byte of a factor taken as positive",
        changed("rotary.asm", r"adc #\$80", "adc #0", ".macro times_factor"),
        "layer0.attention.query[",
    ),
    Bug(
        "a query doubled once too little",
        changed(
            "rotary.asm", r"(sta a:query \+ 4 \* 0\n        lda a:turned_second\n        \.repeat \d)", r"\1 - 1"
        ),
        "layer0.attention.query[",
    ),
    Bug(
        "a key and a value in each other's byte",
        changed("rotary.asm", r"(narrow \d, packed \+ 2 \* 2) \+ 1$", r"\1", "proc layer0_rotary,"),
        "layer0.attention.packed[",
    ),
    Bug(
        "the second head of a group reads another's keys",
        changed("attention_ppu.asm", r"(adc #\.loword\(layer0_keys) \+ 0\)", r"\1 + 4)"),
        "layer0.attention.scores[",
    ),
    Bug(
        "the second head of a group reads on in the keys",
        changed("attention_ppu.asm", rf"        tya\n{LINES}        adc #\.loword\(layer0_keys \+ 0\)\n.*\n", ""),
        "layer0.attention.scores[",
    ),
    Bug(
        "the second head of a group reads on in the values",
        changed("attention_ppu.asm", rf"        tya\n{LINES}        adc #\.loword\(layer1_values \+ 0\)\n.*\n", ""),
        "layer1.attention[",
    ),
    Bug(
        "half a step of the table of exp forgotten",
        changed("attention_ppu.asm", r"        adc #1\n(        sta a:best)", r"\1", "proc layer0_attention,"),
        "layer0.attention.weights[",
    ),
    Bug(
        "a rounding carry of a gate lost",
        gate_of_a_unit(r"(        adc #.*the carry is the rounding)", r"        clc\n\1"),
        "layer0.activation[",
    ),
    Bug(
        "a hidden unit in its neighbour's slot",
        gate_of_a_unit(r"sta a:hidden_slots \+ 0$", "sta a:hidden_slots + 2"),
        "layer0.activation[",
    ),
    Bug(
        "a stale biased copy of a hidden unit",
        gate_of_a_unit(r"        sta a:hidden_slots \+ 0 \+ MINUS_PART\n", ""),
        "layer0.mlp_sum0[",
    ),
    Bug(
        "the second part of the hidden units reads the first",
        in_block("layer0.fc2_part1", "        pea hidden_slots + 256\n", "        pea hidden_slots + 0\n"),
        "layer0.mlp_residual[",
    ),
    Bug(
        "a part's sum not added",
        in_block("layer1.mlp_sum0", "        call_far add_cut_13_0_far\n", ""),
        "layer1.mlp_sum0[",
    ),
    Bug(
        "a halved sum not doubled",
        changed("gated.asm", r"(\.repeat) 1\n(        asl a)", r"\1 0\n\2", "proc add_cut_13_1_far,"),
        "layer0.attention_residual[",
    ),
    Bug(
        "a norm's doublings forgotten",
        everywhere(
            "digits.asm", r"\.repeat 4\n(        asl a\n        \.endrepeat\n        tax)", r".repeat 0\n\1"
        ),
        "layer0.attention_norm[",
    ),
    Bug(
        "a norm shifts as if nothing had been doubled",
        changed("digits.asm", r"(adc #\d+) \+ \d+( - 17)", r"\1\2", "proc norm_13,"),
        "layer0.mlp_norm[",
    ),
]


@pytest.mark.parametrize("bug", BY_PARITY, ids=lambda bug: bug.name)
def test_the_parity_check_names_the_bug(bug: Bug) -> None:
    found = parity(MODEL, bug.edit, BATCHES)
    assert found.mismatches and found.first is not None
    assert bug.where in found.first


BY_ROUTINE = [
    Bug(
        "a key's centre off by one",
        changed("rotary.asm", r"adc #(\d+)(\n        narrow)", lambda found: f"adc #{int(found[1]) + 1}{found[2]}"),
        "turns.entry",
    ),
    Bug("a value not rounded", changed("rotary.asm", r"adc #514$", "adc #512"), "turns.entry"),
    Bug(
        "a byte not cut below", changed("rotary.asm", r"cmp #\$8000", "cmp #$FFFF", ".macro narrow"), "turns.entry"
    ),
    Bug(
        "a byte cut one step too high",
        changed("rotary.asm", r"cmp #\$100 <<", "cmp #$101 <<", ".macro narrow"),
        "turns.entry",
    ),
    Bug("an angle's cosine one too large", numbers("rotary_table", add(4, 1)), "turns.entry"),
    Bug("an angle's sine one too small", numbers("rotary_table", add(19, -1)), "turns.entry"),
    Bug(
        "the upper limit of a gate a step too low",
        gate_of_a_unit(r"lda #2 \* (\d+)$", r"lda #2 * \1 - 4"),
        "gate.entry",
    ),
    Bug(
        "the limit of a gate a step too high",
        everywhere("gated.asm", r"(cmp #2 \* \d+ \+ 1)$", r"\1 + 4"),
        "gate.entry",
    ),
    Bug(
        "a large product taken by its low word",
        gate_of_a_unit(r"(cmp #2 \* FAR\n)", r"\1        clc\n"),
        "gate.entry",
    ),
    Bug("a large negative product cut above", gate_of_a_unit(r"cmp #NEGATIVE", "cmp #$FFFF"), "gate.entry"),
    Bug("an entry of silu eight too large", numbers(SILU, add(2048 + 300, 8)), "gate.entry"),
    Bug("the last entry of silu wrong", numbers(SILU, add(4095, -64)), "gate.entry"),
    Bug("the first entry of silu wrong", numbers(SILU, add(0, -64)), "gate.entry"),
    Bug(
        "a sum far beyond its range comes round",
        changed("gated.asm", r"        bcs cut .*$", "        nop", "proc add_cut_13_1_far,"),
        "cut.entry",
    ),
    Bug("a sum not cut below", changed("gated.asm", r"cut:    cmp #NEGATIVE", "cut:    cmp #$FFFF"), "cut.entry"),
    Bug(
        "the range of a sum one too large",
        changed("gated.asm", r"cmp #2 \* 8191 \+ 1", "cmp #2 * 8191 + 2"),
        "cut.entry",
    ),
    Bug(
        "the best of a second head not kept",
        changed("attention_ppu.asm", r"cmp (a:best \+ 2 \* 1)\n        bcc", r"cmp \1\n        bcs"),
        "block.entry",
    ),
]


@pytest.mark.parametrize("bug", BY_ROUTINE, ids=lambda bug: bug.name)
def test_a_twin_names_the_bug(bug: Bug) -> None:
    rom = build_routines(MODEL, bug.edit)
    with Console(rom.image) as console:
        harness = RoutineConsole(console, rom)
        calls = LLAMA_TWINS[bug.where](rom.memory, np.random.default_rng(0), 60)
        with pytest.raises(Mismatch):
            for label, call in calls.items():
                harness.check(label, call, header=bug.where)


def test_without_a_bug_nothing_is_found() -> None:
    found = parity(MODEL, None, BATCHES)
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens >= 40
