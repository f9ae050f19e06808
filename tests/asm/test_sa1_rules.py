"""The hardware rules of the SA-1: the linter sees each one broken, and no cartridge breaks one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from asm.build import Rom, build_rom
from asm.render import render
from asm.targets.sa1 import SA1 as TARGET
from asm.targets.target import Target
from asm.toolchain import assemble, link
from quantize.convert import quantize
from quantize.kernel import SA1
from quantize.model import IntegerModel
from tests.support.models import (
    digit_weights,
    for_sa1,
    gpt2_config,
    gpt2_model,
    llama_config,
    llama_weights,
    random_model,
)
from tests.support.sa1_rules import Rule, faults
from tests.support.story_models import story_config, story_model
from trainer.config import ModelConfig
from trainer.files import scratch_folder
from trainer.weights import load_weights


@dataclass(frozen=True)
class Values:
    """What contract.inc and sa1.inc read."""

    target: Target


CONSOLE = """
        .include "contract.inc"
        .include "sa1.inc"
engine_task = $3056
committed   = $3058
token_ready = $305A
        .segment "CODE"
reset:  clc
        xce
        rep #$38
        .a16
        .i16
        ldx #$1FFF
        txs
        lda #0
        tcd
        phk
        plb
        call open
        call start
again:  call work
        call asleep
        bra again

proc open, 16, 16
        a8
        lda #$20
        sta CCNT
        lda #0                  ; the block
        sta BMAPS
        lda #$80
        sta SBWE
        stz BWPA
        lda #$FF        ; the S-CPU's
        sta SIWP
        a16
        stz engine_task
        stz $6000
        rts
endproc

proc start, 16, 16
        ldx #.loword(sa1_start)
        stx CRV
        a8
        stz CCNT
        a16
        rts
endproc

proc work, 16, 16
        {work}
        rts
endproc

ignore: rti

        .segment "ASLEEP"
proc asleep, 16, 16
        lda engine_task
        beq awake
        wai
        bra asleep
awake:  {asleep}
        rts
endproc

        .segment "VECTORS"
        .res 4, $FF
        .addr .loword(ignore), .loword(ignore), .loword(ignore), .loword(ignore), $FFFF, .loword(ignore)
        .res 4, $FF
        .addr .loword(ignore), $FFFF, .loword(ignore), .loword(ignore), .loword(reset), .loword(ignore)
"""
CHIP = """
        .include "contract.inc"
        .include "sa1.inc"
engine_task = $56
        .segment "CODE"
        .export sa1_start
sa1_start:
        clc
        xce
        rep #$38
        .a16
        .i16
        ldx #$07FF
        txs
        lda #0
        tcd
        a8
        lda #$80
        sta CBWE
        lda #$FF
        sta CIWP
        stz BMAP
        stz MCNT
        a16
        phk
        plb
wait:   lda engine_task
        beq wait
        call compute
        stz $6000
        stz engine_task
        bra wait

proc compute, 16, 16
        call helper
        {compute}
        rts
endproc

proc helper, 16, 16
        rts
endproc
"""
MAP = b"""
MEMORY {
    LOWRAM:  start = $001D80, size = $0080, type = rw;
    BANK0:   start = $008000, size = $7FE0, type = ro, file = %O, fill = yes;
    VECTORS: start = $00FFE0, size = $0020, type = ro, file = %O, fill = yes;
}
SEGMENTS {
    CODE:    load = BANK0, type = ro;
    ASLEEP:  load = BANK0, run = LOWRAM, type = ro, define = yes;
    VECTORS: load = VECTORS, type = ro;
}
"""


def found(
    compute: Sequence[str] = (),
    work: Sequence[str] = (),
    asleep: Sequence[str] = (),
    changed: Mapping[str, str] = {},
) -> set[Rule]:
    """The rules that a small cartridge breaks whose processors do this, with some lines changed."""
    texts = {
        "console.asm": CONSOLE.format(work="\n".join(work), asleep="\n".join(asleep)),
        "chip.asm": CHIP.format(compute="\n".join(compute)),
    }
    for line, other in changed.items():
        assert sum(text.count(line) for text in texts.values()) == 1, line
        texts = {name: text.replace(line, other) for name, text in texts.items()}
    files = render(["contract.inc", "sa1.inc"], Values(TARGET)) | {
        name: text.encode() for name, text in texts.items()
    }
    with scratch_folder() as folder:
        objects = assemble(files, ["console", "sa1_chip"], folder).files
        image = link(objects, MAP, folder)
        return {fault.rule for fault in faults(image, (folder / "image.dbg").read_bytes())}


def test_a_cartridge_that_keeps_the_rules_has_no_fault() -> None:
    assert found() == set()


MULTIPLY = ("lda #3", "sta MA", "lda #5", "sta MB")
ADD_UP = ("a8", "lda #2", "sta MCNT", "a16", *MULTIPLY)
PAGE = ("pea MCNT", "pld")
BACK = ("pea 0", "pld")
MULTIPLY_ONLY = ("a8", "stz MCNT", "a16")

READY = {
    "a nop": [*MULTIPLY_ONLY, *MULTIPLY, "nop", "lda MR"],
    "a sum, two nops": [*ADD_UP, "nop", "nop", "lda MR"],
    "two nops, a direct page": [*MULTIPLY_ONLY, *PAGE, "sta <$03", "nop", "nop", "lda <$B6", *BACK],
    "only MA is written": [*MULTIPLY_ONLY, "sta MA", "lda MR"],
    "only half of MB is written": [*MULTIPLY_ONLY, "sta $2252", "lda MR"],
    "a call between": [*ADD_UP, "call helper", "lda MR"],
    "both ways wait": [*ADD_UP, "bcs :+", "nop", "nop", "bra :++", ": lda z:0", ": lda MR"],
}
TOO_SOON = {
    "at once": [*MULTIPLY_ONLY, *MULTIPLY, "lda MR"],
    "the upper half": [*MULTIPLY_ONLY, *MULTIPLY, "lda MR + 2"],
    "a byte before it, read with it": [*MULTIPLY_ONLY, *MULTIPLY, "lda MR - 1"],
    "a sum, a nop": [*ADD_UP, "nop", "lda MR"],
    "an unknown mode, a nop": ["a8", "stz MCNT", "a16", *ADD_UP, "nop", "adc MR"],
    "a direct page, a nop": [*MULTIPLY_ONLY, *PAGE, "sta <$03", "nop", "lda <$B6", *BACK],
    "a byte that begins": [*MULTIPLY_ONLY, "a8", "sta MB + 1", "lda MR", "a16"],
    "a word that begins, one register on": [*MULTIPLY_ONLY, "sta MB + 1", "lda MR"],
    "by x": [*MULTIPLY_ONLY, "ldx #5", "stx MB", "ldx MR"],
    "another bank's": [*MULTIPLY_ONLY, "sta f:$802253", "lda f:$3F2306"],
    "an indexed one": [*MULTIPLY_ONLY, "sta MB, x", "lda MR, y"],
    "one way is too short": [*ADD_UP, "bcs :+", "nop", "nop", ": lda MR"],
    "in the next round": [*MULTIPLY_ONLY, *PAGE, "again: ldx <$B6", "dey", "sta <$03", "bne again", *BACK],
}


@pytest.mark.parametrize("compute", READY.values(), ids=READY)
def test_a_result_may_be_read_when_it_is_ready(compute: Sequence[str]) -> None:
    assert found(compute) == set()


@pytest.mark.parametrize("compute", TOO_SOON.values(), ids=TOO_SOON)
def test_a_result_that_is_read_too_soon_is_seen(compute: Sequence[str]) -> None:
    assert Rule.READY in found(compute)


COMPUTED = {
    "lda MR + 4": Rule.TOP_BYTE,
    "lda MR + 3": Rule.TOP_BYTE,
    "lda f:MR + 4": Rule.TOP_BYTE,
    "a8\n lda #1\n sta MCNT\n a16": Rule.NO_DIVISION,
    "lda #1\n sta MCNT": Rule.NO_DIVISION,
    "lda engine_task\n sta MCNT": Rule.NO_DIVISION,
    "pea $2200\n pld\n ldx #1\n stx <$50\n pea 0\n pld": Rule.NO_DIVISION,
    "a8\n stz CCNT\n a16": Rule.OWN_REGISTERS,
    "a8\n stz SBWE\n a16": Rule.OWN_REGISTERS,
    "a8\n stz SIWP\n a16": Rule.OWN_REGISTERS,
    "a8\n stz BMAPS\n a16": Rule.OWN_REGISTERS,
    "lda #$80\n sta CBWE": Rule.OWN_REGISTERS,
    "a8\n inc SCNT\n a16": Rule.OWN_REGISTERS,
    "a8\n lda SFR\n a16": Rule.OWN_REGISTERS,
    "lda MA": Rule.OWN_REGISTERS,
    "lda $0800": Rule.OWN_MEMORY,
    "lda $07FF": Rule.OWN_MEMORY,
    "lda $1E00, x": Rule.OWN_MEMORY,
    "sta $2100": Rule.OWN_MEMORY,
    "lda $213F": Rule.OWN_MEMORY,
    "lda $2400": Rule.OWN_MEMORY,
    "stz $3800": Rule.OWN_MEMORY,
    "lda $4218": Rule.OWN_MEMORY,
    "sta $4302": Rule.OWN_MEMORY,
    "lda f:$7E2000": Rule.OWN_MEMORY,
    "sta f:$7F0000, x": Rule.OWN_MEMORY,
    "lda f:$804210": Rule.OWN_MEMORY,
    "lda f:$700000": Rule.OWN_MEMORY,
    "pea $7E7E\n plb\n plb\n lda a:$2000\n phk\n plb": Rule.OWN_MEMORY,
    "phb\n mvn #$7E, #$00\n plb": Rule.OWN_MEMORY,
    "phb\n mvp #$40, #$7F\n plb": Rule.OWN_MEMORY,
    "phb\n ldx #$3000\n ldy #$2100\n lda #9\n mvn #0, #0\n plb": Rule.OWN_MEMORY,
    "pea $2100\n pld\n pea 0\n pld": Rule.OWN_MEMORY,
    "lda #$4300\n tcd\n lda #0\n tcd": Rule.OWN_MEMORY,
    "pea $0701\n pld\n pea 0\n pld": Rule.OWN_MEMORY,
    "pha\n pld\n pea 0\n pld": Rule.OWN_MEMORY,
    "a8\n stz $2230\n a16": Rule.NO_DMA,
    "stz $2235": Rule.NO_DMA,
    "a8\n stz $2240\n a16": Rule.NO_DMA,
    "jmp ($6000)": Rule.READABLE,
    "jsr ($9000, x)": Rule.READABLE,
    "jmp a:$3000": Rule.READABLE,
    "a8": Rule.READABLE,
    "a8\n jsr .loword(helper)\n a16": Rule.READABLE,
    ": a8\n bcs :-\n bvs :+\n a16\n: lda #1\n a16": Rule.READABLE,
    "pea $0100\n pld": Rule.READABLE,
    "pea $4040\n plb\n plb": Rule.READABLE,
    "jsr .loword(work)": Rule.READABLE,
}
"""What the SA-1 does → the rule that it breaks."""


@pytest.mark.parametrize("line", COMPUTED, ids=lambda line: line.replace("\n", ","))
def test_a_rule_that_the_sa1_breaks_is_seen(line: str) -> None:
    assert found([line]) == {COMPUTED[line]}


WORKED = {
    **dict.fromkeys(
        (f"a8\n stz {name}\n a16" for name in ("SCNT", "BMAP", "CBWE", "CIWP", "MCNT")), Rule.OWN_REGISTERS
    ),
    "stz MA": Rule.OWN_REGISTERS,
    "lda #$80\n sta SBWE": Rule.OWN_REGISTERS,
    "lda MR": Rule.OWN_REGISTERS,
    "a8\n lda $2301\n a16": Rule.OWN_REGISTERS,
    "stz $2232": Rule.NO_DMA,
    ": lda engine_task\n bne :-": Rule.ASLEEP,
    ": wai\n lda f:committed\n beq :-": Rule.ASLEEP,
    ": wai\n lda token_ready\n beq :-": Rule.ASLEEP,
    "a8\n: bit SFR\n bpl :-\n a16": Rule.ASLEEP,
    "jsr .loword(compute)": Rule.READABLE,
}
"""The same of the S-CPU."""


@pytest.mark.parametrize("line", WORKED, ids=lambda line: line.replace("\n", ","))
def test_a_rule_that_the_s_cpu_breaks_is_seen(line: str) -> None:
    assert found(work=[line]) == {WORKED[line]}


@pytest.mark.parametrize("line", ["jsr .loword(work)", "jmp .loword(work)"])
def test_what_waits_in_work_ram_stays_there(line: str) -> None:
    assert found(asleep=[line]) == {Rule.ASLEEP}


OPENINGS = ("sta SIWP", "sta SBWE", "stz BWPA", "sta BMAPS", "sta CBWE", "sta CIWP", "stz BMAP")


@pytest.mark.parametrize("line", OPENINGS)
def test_a_memory_that_nobody_opened_is_seen(line: str) -> None:
    assert found(changed={f"        {line}\n": "\n"}) == {Rule.OPENED}


CLOSED = {
    "another value": {"        sta SIWP\n": "        stz SIWP\n"},
    "half of I-RAM": {"lda #$FF        ; the S-CPU's\n": "lda #$0F\n"},
    "the stack, too soon": {
        "        stz MCNT\n": "",
        "        sta CBWE\n": "        sta CBWE\n        phk\n        plb\n",
    },
    "a call, too soon": {"        tcd\n        a8\n": "        tcd\n        call helper\n        a8\n"},
    "on one way only": {"        sta SBWE\n": "        bcs :+\n        sta SBWE\n:\n"},
    "after it is used": {"        call open\n": "        stz engine_task\n        call open\n"},
    "a block that is moved": {
        "        call open\n": "        phb\n        mvn #$40, #$40\n        plb\n        call open\n"
    },
}


@pytest.mark.parametrize("changed", CLOSED.values(), ids=CLOSED)
def test_a_memory_that_is_used_before_it_is_open_is_seen(changed: Mapping[str, str]) -> None:
    assert found(changed=changed) == {Rule.OPENED}


VECTORS = {
    "an interrupt in work RAM": {".loword(reset), .loword(ignore)": ".loword(reset), $1D80"},
    "the SA-1's code": {".loword(reset), .loword(ignore)": ".loword(reset), .loword(helper)"},
    "the S-CPU's code": {"ldx #.loword(sa1_start)": "ldx #.loword(ignore)"},
    "no start": {"        stx CRV\n": ""},
}


@pytest.mark.parametrize("changed", VECTORS.values(), ids=VECTORS)
def test_a_vector_that_leads_elsewhere_is_seen(changed: Mapping[str, str]) -> None:
    assert Rule.VECTORS in found(changed=changed)


def test_a_stack_in_work_ram_is_seen() -> None:
    assert found(changed={"ldx #$07FF": "ldx #$1FFF"}) == {Rule.OWN_MEMORY}


def test_a_routine_that_nothing_leads_to_is_seen() -> None:
    dead = ("rts", "endproc", "proc never, 16, 16", "nop")
    assert found(dead) == found(work=dead) == {Rule.READABLE}


def test_a_table_of_addresses_leads_to_each() -> None:
    table = (
        "ldx #2",
        "jmp (.loword(ways), x)",
        "ways: .addr .loword(one), .loword(other)",
        "one: nop",
        "other: lda MR",
    )
    assert found(table) == set()
    assert found([*table, "lda MR + 4"]) == {Rule.TOP_BYTE}
    assert found([*table[:-1], "rts", "other: lda MR + 4"]) == {Rule.TOP_BYTE}


def test_bytes_of_the_sa1_that_are_no_code_are_seen() -> None:
    assert found(["bra :+", ".byte 1, 2", ":"]) == {Rule.READABLE}


SHAPE = ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_layer=2, n_hidden=16)
LLAMA = llama_config(9, 5, 8, (2, 1), 2, 20)
MICROGPT = Path(__file__).parents[2] / "checkpoints/microgpt.npz"
CARTRIDGES: dict[str, Callable[[], IntegerModel]] = {
    "microgpt": lambda: quantize(load_weights(MICROGPT), "digits", target=SA1),
    "microgpt, schoolbook": lambda: quantize(load_weights(MICROGPT), "schoolbook", target=SA1),
    "schoolbook, squared": lambda: for_sa1(random_model(replace(SHAPE, activation="relu2"))),
    "digits": lambda: quantize(digit_weights(SHAPE), "digits", target=SA1),
    "digits, no front table": lambda: quantize(digit_weights(SHAPE), "digits", target=SA1, front_table=False),
    "digits, squared": lambda: quantize(digit_weights(replace(SHAPE, activation="relu2")), "digits", target=SA1),
    "digits, second matrix in rows": lambda: quantize(digit_weights(SHAPE, active=0.9), "digits", target=SA1),
    "llama": lambda: quantize(llama_weights(LLAMA), "digits", target=SA1),
    "gpt2": lambda: gpt2_model(gpt2_config(9, 5, 8, 2, 2, 60), target=SA1, fc1=3.0),
    "pieces": lambda: story_model(story_config(5), target=SA1),
}


def broken(rom: Rom) -> str:
    """A line for each fault."""
    return "\n".join(f"{fault.place}: {fault.what} ({fault.rule.value})" for fault in faults(rom.image, rom.debug))


@pytest.mark.parametrize("name", CARTRIDGES)
def test_no_cartridge_breaks_a_rule(name: str) -> None:
    lines = broken(build_rom(CARTRIDGES[name]()))
    assert not lines, lines


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["traced", "profiled"])
@pytest.mark.parametrize("name", CARTRIDGES)
def test_none_breaks_a_rule_that_is_traced_or_profiled(name: str, kind: str) -> None:
    lines = broken(build_rom(CARTRIDGES[name](), traced=kind == "traced", profiled=kind == "profiled"))
    assert not lines, lines
