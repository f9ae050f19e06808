"""Makes the samples and the tune: `python music.py FOLDER` writes sound.bin and sound.inc there."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

HOME = 0x0500
"""Where sound.bin lies in the sound processor's memory."""

RATE = 32000
BLOCK = 16
EIGHTH = 13
"""Ticks of 16 ms: a bar of six of them takes a second and a quarter."""

SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}

MELODY = """
g4:2 b4:1 d5:2 b4:1 | c5:2 e5:1 d5:3 | b4:2 d5:1 g5:2 f#5:1 | e5:2 d5:1 b4:3
c5:2 e5:1 d5:2 b4:1 | a4:2 b4:1 c5:2 a4:1 | b4:2 g4:1 a4:2 f#4:1 | g4:6
g4:2 b4:1 d5:2 b4:1 | c5:2 e5:1 d5:3 | b4:2 d5:1 g5:2 f#5:1 | e5:2 d5:1 b4:3
c5:1 d5:1 e5:1 d5:2 b4:1 | a4:1 b4:1 c5:1 a4:2 f#4:1 | g4:2 b4:1 a4:2 f#4:1 | g4:5 b4:1
e5:2 g5:1 f#5:2 e5:1 | d5:2 b4:1 g4:3 | c5:2 e5:1 d5:2 c5:1 | b4:2 c5:1 d5:3
e5:1 f#5:1 g5:1 f#5:2 e5:1 | d5:2 b4:1 g4:2 b4:1 | c5:2 b4:1 a4:2 f#4:1 | g4:5 b4:1
e5:2 g5:1 b5:2 a5:1 | g5:2 f#5:1 e5:3 | a4:2 c5:1 e5:2 d5:1 | c5:2 b4:1 a4:3
b4:2 d5:1 c5:2 a4:1 | b4:2 g4:1 e4:2 f#4:1 | g4:2 a4:1 f#4:2 d4:1 | g4:6
"""
CHORDS = """
G G | C G | G G | C G | C G | Am Am | G D | G G
G G | C G | G G | C G | C G | Am D | G D | G G
Em Em | G G | C D | G G | Em D | G G | Am D | G G
Em Em | Em Em | Am Am | Am D | G D | G Em | C D | G G
"""
NOTES = {"G": "g2 b3 d4", "C": "c3 c4 e4", "Am": "a2 a3 c4", "D": "d3 a3 f#4", "Em": "e3 b3 e4"}
"""The bass and two notes above it."""

Wave = NDArray[np.float64]


def pluck(period: int, cycles: int, where: float, dull: float) -> Wave:
    """A string plucked at a part of its length: high tones fade first. The last round sounds on."""
    time = np.arange(period * cycles) / period
    wave = np.zeros(len(time))
    for tone in range(1, 15):
        strength = abs(np.sin(np.pi * tone * where)) / tone**dull
        wave += strength * np.sin(2 * np.pi * tone * time + tone) * np.exp(-time * (3 + 2.5 * tone) / 400)
    return np.asarray(wave / np.abs(wave).max() * 0.95)


def thump() -> Wave:
    """A foot on a board."""
    random = Random(5)
    time = np.arange(960) / RATE
    noise = np.convolve([random.uniform(-1, 1) for _ in time], np.ones(12) / 12, "same")
    wave = (np.sin(2 * np.pi * 110 * time) * 0.8 + noise) * np.exp(-time * 160)
    return np.concatenate([wave / np.abs(wave).max() * 0.9, np.zeros(BLOCK)])


def blip() -> Wave:
    """A short wooden tone; the last round repeats."""
    turns = np.arange(32 * 24) / 32
    wave = np.sin(2 * np.pi * turns) + 0.35 * np.sin(6 * np.pi * turns) * np.exp(-turns / 6)
    return np.asarray(wave / np.abs(wave).max() * 0.8)


def brr(wave: Wave) -> bytes:
    """Blocks of 16 samples in nine bytes, each as exact as it can be; the last one says that the sample repeats."""
    points = np.rint(np.clip(wave, -1, 1) * 16000).astype(int)
    points = np.concatenate([points, np.zeros(-len(points) % BLOCK, int)])
    out, before = bytearray(), (0, 0)
    for start in range(0, len(points), BLOCK):
        best = min(
            (
                coded(points[start : start + BLOCK], shift, kind, before)
                for shift in range(1, 13)
                for kind in ((0, 1, 2) if start else (0,))
            ),
            key=lambda one: one[0],
        )
        out += best[1]
        before = best[2]
    out[-9] |= 0b11
    return bytes(out)


def coded(
    block: NDArray[np.int_], shift: int, kind: int, before: tuple[int, int]
) -> tuple[float, bytes, tuple[int, int]]:
    """A block with one shift and filter: its error, its nine bytes, and the two samples the next one builds on."""
    last, older = before
    error, nibbles = 0.0, []
    for point in block:
        guess = (0, last * 15 // 16, last * 61 // 32 - older * 15 // 16)[kind]
        nibble = min(max(round((int(point) - guess) / 2 ** (shift - 1) / 2), -8), 7)
        value = min(max(guess + (nibble << shift >> 1) * 2, -32768), 32767)
        error += (value - int(point)) ** 2
        nibbles.append(nibble & 15)
        last, older = value, last
    data = bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))
    return error, bytes([shift << 4 | kind << 2]) + data, (last, older)


def number(name: str) -> int:
    """A note as a number of semitones: c0 is 0."""
    return SEMITONES[name[0]] + name.count("#") + 12 * int(name[-1])


def frequency(note: int) -> float:
    """In hertz; a4 is 440."""
    return float(440 * 2 ** ((note - number("a4")) / 12))


def voices() -> list[list[tuple[str, int]]]:
    """Melody, chords and bass: notes, "" for a pause, and their lengths in eighths."""
    melody = [(name, int(long)) for name, long in (one.split(":") for one in MELODY.replace("|", " ").split())]
    chords: list[tuple[str, int]] = []
    bass: list[tuple[str, int]] = []
    for chord in CHORDS.replace("|", " ").split():
        low, middle, high = NOTES[chord].split()
        bass.append((low, 3))
        chords += [("", 1), (middle, 1), (high, 1)]
    assert sum(long for _, long in melody) == sum(long for _, long in bass)
    return [melody, chords, bass]


def main(folder: Path) -> None:
    """Directory, samples, pitches and tune, in this order."""
    folder.mkdir(parents=True, exist_ok=True)
    lute, bass, period = pluck(64, 90, 0.21, 1.15), pluck(128, 40, 0.35, 1.4), (64, 64, 128)
    samples = [(lute, 64), (bass, 128), (thump(), BLOCK), (blip(), 32)]
    directory, data = bytearray(), bytearray()
    at = HOME + 4 * len(samples)
    for wave, again in samples:
        coded_wave = brr(wave)
        loop = len(coded_wave) - again // BLOCK * 9
        directory += at.to_bytes(2, "little") + (at + loop).to_bytes(2, "little")
        data += coded_wave
        at += len(coded_wave)
    tune = voices()
    used = sorted({number(name) for voice in tune for name, _ in voice if name})
    constants = {"directory": HOME, "pitches": at, "PITCH_BYTES": 2 * (len(used) + 1)}
    for one in period:
        for note in [used[0], *used]:
            data += min(round(0x1000 * frequency(note) * one / RATE), 0x3FFF).to_bytes(2, "little")
    for place, voice in enumerate(tune):
        constants[f"voice_{place}"] = HOME + len(directory) + len(data)
        for name, long in voice:
            data += bytes([used.index(number(name)) + 1 if name else 0, long * EIGHTH])
        data.append(0xFF)
    constants |= {"SAMPLE_LUTE": 0, "SAMPLE_BASS": 1, "SAMPLE_STEP": 2, "SAMPLE_BLIP": 3}
    (folder / "sound.bin").write_bytes(directory + data)
    lines = [f"{name} = {value}" for name, value in constants.items()]
    (folder / "sound.inc").write_text("; Where music.py has put what.\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
