"""Sound, as it leaves the emulators: one note a letter at the right pitch, soft at both ends; none when muted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from asm.build import build_rom
from asm.toolchain import assemble, link
from quantize.executor import Executor
from quantize.kernel import SA1
from quantize.model import IntegerModel
from quantize.sampler import Request, inverse_temperature, run, sampling_weights
from quantize.twins.note import note
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from tables.wave import CYCLE, DSP_RATE, NOTES, brr_cycle, cycle, pitches
from tests.support.models import model_for, random_model
from tests.support.planted_bugs import Bug, all_of, routine
from tests.support.screens import Screens
from tests.support.slow import sa1_slow
from trainer.config import ModelConfig

SLOW = ModelConfig(27, block_size=8, n_embd=16, n_head=2, n_hidden=40)
"""A letter in some fifteen frames: every note has died away when the next begins."""

MODEL = replace(random_model(SLOW), info={"temperature": 1.0})
QUICK = replace(
    random_model(ModelConfig(9, 5, n_embd=4, n_head=2, n_hidden=4), lm_head=0.2), info={"temperature": 2.0}
)
FULL_SCALE = 1 << 15
AUDIBLE = 300
TWO_FRAMES = 1080
"""In samples, a few more."""

BLOCK = 160
"""Samples of an envelope's step: 5 ms."""

SOURCE = """
        .include "contract.inc"
        .include "spc700.inc"
        .segment "CODE"
        .org $0200
        {line}
"""
ENCODINGS = {
    "mov a, #$12": "E8 12",
    "mov a, $34": "E4 34",
    "mov a, $1234+x": "F5 34 12",
    "mov a, $1234+1+x": "F5 35 12",
    "mov x, #$12": "CD 12",
    "mov x, a": "5D",
    "mov $34, a": "C4 34",
    "mov $34, #$12": "8F 12 34",
    "mov $34, $12": "FA 12 34",
    "cmp a, $34": "64 34",
    "cmp x, #$12": "C8 12",
    "and a, #$12": "28 12",
    "and $34, #$12": "38 12 34",
    "or a, #$12": "08 12",
    "adc $34, #$12": "98 12 34",
    "asl a": "1C",
    "asl $34": "0B 34",
    "inc x": "3D",
    "inc $34": "AB 34",
    "clrc": "60",
    "clrp": "20",
    "beq $0200": "F0 FE",
    "bne $0210": "D0 0E",
    "bra $01F0": "2F EE",
}
"""From the instruction tables of the sound processor: operands in the order the machine wants them."""

Samples = NDArray[np.int16]


def test_the_macros_say_what_the_sound_processor_reads(tmp_path: Path) -> None:
    files = {name: content for name, content in ROM.sources.items() if name in ("contract.inc", "spc700.inc")}
    files["flat.cfg"] = b"MEMORY { M: start = 0, size = $100, file = %O; } SEGMENTS { CODE: load = M; }"
    for line, encoding in ENCODINGS.items():
        files["one.asm"] = SOURCE.format(line=line).encode()
        objects = assemble(files, ["one"], tmp_path).files
        assert link(objects, files["flat.cfg"], tmp_path) == bytes.fromhex(encoding), line


def test_the_driver_uses_no_instruction_that_is_not_tried() -> None:
    macros = {line.split()[1] for line in ROM.sources["spc700.inc"].decode().splitlines() if ".macro" in line}
    assert macros == {line.split()[0] for line in ENCODINGS}


def test_the_wave_is_a_sine_that_repeats_without_a_seam() -> None:
    data, decoded = brr_cycle(), []
    for first in range(0, len(data), 9):
        header, *pairs = data[first : first + 9]
        assert header & 0x0C == 0  # filter 0
        nibbles = [half for pair in pairs for half in (pair >> 4, pair & 15)]
        decoded += [(n ^ 8) - 8 for n in nibbles]
    assert [block & 3 for block in data[::9]] == [0, 3]  # the last one ends and repeats
    assert decoded == cycle() == [-sample for sample in cycle()[::-1]]
    harmonics = np.abs(np.fft.rfft(decoded))
    assert harmonics[1] > 20 * np.delete(harmonics, 1).max()


def test_a_more_surprising_letter_rings_higher_in_fifths_and_octaves() -> None:
    hertz = np.array(pitches()) * DSP_RATE / CYCLE / 4096
    assert len(hertz) == NOTES and (np.diff(hertz) > 0).all()
    assert np.allclose(hertz[5:] / hertz[:-5], 2, rtol=1e-3)
    assert pitches()[-1] < 1 << 14
    assert note(np.array([[1, 1, 2, 4]] * 4), np.arange(4)).tolist() == [3, 3, 2, 1]
    assert note(np.array([[65535, 0, 1], [65535, 1, 1]]), np.array([0, 1])).tolist() == [0, 15]


ROM = build_rom(MODEL)
QUICK_ROM = build_rom(QUICK)


@pytest.fixture(params=sorted(KNOWN))
def console(request: pytest.FixtureRequest) -> Iterator[Console]:
    with Console(ROM.image, request.param, audio=True) as opened:
        opened.scramble(1)
        opened.press("start")  # held: the names begin at once, here and after a reset
        yield opened


def notes_of(model: Executor, seed: int, tenths: int, letters: int) -> list[int]:
    """The notes of the first letters that the names screen makes."""
    config, found = model.config, []
    for token in run(model, [Request(seed, tenths, letters)])[0]:
        if token.next_token != config.bos:
            open_to_choice = token.logits[None, : config.vocab_size - (token.position == 0)].astype(np.int64)
            weights = sampling_weights(open_to_choice, inverse_temperature(tenths, model.model.logit_exponent))
            found.append(int(note(weights, np.array([token.next_token]))[0]))
    return found[:letters]


def envelope(audio: Samples) -> NDArray[np.int64]:
    """The largest magnitude of every 5 ms."""
    blocks = np.abs(audio[: len(audio) // BLOCK * BLOCK, 0].astype(np.int64)).reshape(-1, BLOCK)
    return np.asarray(blocks.max(1))


def onsets(audio: Samples) -> list[int]:
    """The samples at which a note begins: loud after 15 ms of less than a third of it."""
    level = envelope(audio)
    before = np.array([level[max(n - 3, 0) : n].max(initial=0) for n in range(len(level))])
    loud = (level > AUDIBLE) & (level > 3 * before)
    return [BLOCK * int(n) for n in np.flatnonzero(loud) if not loud[max(n - 4, 0) : n].any()]


def frequency(audio: Samples, start: int) -> float:
    """Cycles a sample of what sounds in the 60 ms after a note's first ten."""
    part = audio[start + 320 : start + 2240, 0] * np.hanning(1920)
    size = 1 << 16
    return float(np.abs(np.fft.rfft(part, size)).argmax() / size)


def listen(console: Console, letters: int) -> Samples:
    """The sound from now on until more than `letters` letters are heard."""
    before = len(console.audio)
    console.run_until(lambda _: len(onsets(console.audio[before:])) > letters, 60 * letters)
    return console.audio[before:]


def assert_plays(audio: Samples, wanted: list[int]) -> None:
    """The notes, one after the other, both ears alike."""
    cycles = [frequency(audio, start) for start in onsets(audio)[: len(wanted)]]
    assert cycles == pytest.approx([pitches()[n] / 4096 / CYCLE for n in wanted], rel=0.01)
    assert np.array_equal(audio[:, 0], audio[:, 1])


def test_every_letter_is_one_note_at_the_pitch_of_its_probability(console: Console) -> None:
    wanted = notes_of(Executor(MODEL), 1, 10, 12)
    assert len(set(wanted)) >= 4
    assert_plays(listen(console, len(wanted)), wanted)


@cache
def sa1_model() -> IntegerModel:
    """For that machine; its letters have many notes."""
    return replace(model_for(SA1, SLOW, 1), info={"temperature": 1.0})


def assert_sa1_plays(core: str, *bugs: Bug) -> None:
    """The same on a cartridge whose SA-1 takes as long for a letter."""
    wanted = notes_of(Executor(sa1_model()), 1, 10, 8)
    assert len(set(wanted)) >= 4
    with Console(build_rom(sa1_model(), edit=all_of(sa1_slow(8), *bugs)).image, core, audio=True) as opened:
        opened.press("start")
        assert_plays(listen(opened, len(wanted)), wanted)


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_so_it_is_where_another_processor_has_chosen_the_letter(core: str) -> None:
    assert_sa1_plays(core)


@pytest.mark.parametrize("word", ["weight", "sum", "sum + 2"])
def test_a_letter_whose_probability_is_not_handed_over_has_another_note(word: str) -> None:
    bug = Bug(f"no {word}", routine("publish", "engine.asm"), f"        sta ready_{word}\n", "")
    assert_sa1_plays("snes9x")
    with pytest.raises(AssertionError) as caught:
        assert_sa1_plays("snes9x", bug)
    assert " occurs " not in str(caught.value)


def test_the_reset_button_begins_the_notes_again(console: Console) -> None:
    listen(console, 2)
    console.reset()
    assert_plays(listen(console, 4), notes_of(Executor(MODEL), 1, 10, 4))


def test_y_mutes_and_brings_the_sound_back(console: Console) -> None:
    listen(console, 2)
    screens = Screens(console, ROM)
    screens.push("y")
    console.run(12)  # what sounded has died away
    silent, made = len(console.audio), screens.word("tokens_made")
    console.run_until(lambda _: screens.word("tokens_made") >= made + 3, 300)
    assert not console.audio[silent:].any()
    screens.push("y")
    assert len(onsets(listen(console, 2))) == 3


def test_it_is_silent_until_the_first_letter(console: Console) -> None:
    screens = Screens(console, ROM)
    console.run_until(lambda _: screens.word("tokens_made"), 60)
    assert not console.audio[:-TWO_FRAMES].any()


def test_a_note_begins_softly_and_dies_away(console: Console) -> None:
    audio = listen(console, 2)
    start = onsets(audio)[0]
    level = envelope(audio[start:])
    assert level[0] < level[1:4].max() < FULL_SCALE / 20
    assert level[14:20].max() < level.max() / 4  # after 70 ms
    assert level[26:40].max() == 0  # after 130 ms


@pytest.mark.parametrize("core", sorted(KNOWN))
def test_letters_faster_than_their_notes_die_stay_quiet_and_without_clicks(core: str) -> None:
    with Console(QUICK_ROM.image, core, audio=True) as console:
        console.press("start")
        console.run(120)
        audio = console.audio.astype(np.int64)
    assert 1500 < np.abs(audio).max() < FULL_SCALE / 6
    assert np.abs(np.diff(audio, axis=0)).max() < FULL_SCALE / 64


NO_ANSWER = [
    Bug("it does not say it is ready", "sound.asm", "= $BBAA", "= $BBAB"),
    Bug("it does not take what it is told", "sound.asm", "IPL_BEGIN   = $CC", "IPL_BEGIN   = $CD"),
]


@pytest.mark.parametrize("core", sorted(KNOWN))
@pytest.mark.parametrize("bug", NO_ANSWER, ids=str)
def test_a_sound_processor_that_never_answers_costs_a_moment(core: str, bug: Bug) -> None:
    """The cartridge starts all the same, silent."""
    rom = build_rom(QUICK, edit=bug)
    with Console(rom.image, core, audio=True) as console:
        screens = Screens(console, rom)
        console.run_until(lambda _: screens.word("tokens_made") > 5, 60)
        assert console.frames < 40
        assert not console.audio.any()
