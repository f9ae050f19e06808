"""The sound of a letter: one cycle of a sine as the sound processor reads it, and the pitches it is played at."""

from __future__ import annotations

from math import pi, sin

NOTES = 16
"""A note for every whole bit of surprise, 0 … 15."""

LOWEST = 392.0
"""Hz: G4. Sixteen notes of the pentatonic scale later it is G7, three octaves above."""

PENTATONIC = (0, 2, 4, 7, 9)
"""Semitones above the octave's first note: any of them together sound well, and many sound together."""

DSP_RATE = 32_000
"""Samples a second of the synthesiser; a pitch of 4096 plays one sample of a cycle in each."""

CYCLE = 32
"""Samples of a cycle: two blocks of 16."""

BLOCK = 16
LOUDEST = 7
BRR_SHIFT, BRR_LAST_AND_LOOP = 12, 0b11


def cycle() -> list[int]:
    """round(7 · sin), (32,) signed 4-bit samples; half a step off zero, so that both halves are alike."""
    return [round(LOUDEST * sin(2 * pi * (i + 0.5) / CYCLE)) for i in range(CYCLE)]


def brr_cycle() -> list[int]:
    """The cycle as BRR blocks of 9 bytes that repeat for ever: a header, then two samples a byte, first the upper.

    Filter 0: a sample is its four bits, whatever came before, so every round is the same.
    """
    samples, data = cycle(), []
    for first in range(0, CYCLE, BLOCK):
        data.append(BRR_SHIFT << 4 | (BRR_LAST_AND_LOOP if first + BLOCK == CYCLE else 0))
        pairs = zip(samples[first : first + BLOCK : 2], samples[first + 1 : first + BLOCK : 2], strict=True)
        data += [(upper & 15) << 4 | lower & 15 for upper, lower in pairs]
    return data


def pitches() -> list[int]:
    """The synthesiser's 14-bit pitch of every note, from the lowest up."""
    octaves = (divmod(note, len(PENTATONIC)) for note in range(NOTES))
    semitones = (12 * octave + PENTATONIC[step] for octave, step in octaves)
    return [round(LOWEST * 2 ** (n / 12) * CYCLE * 4096 / DSP_RATE) for n in semitones]
