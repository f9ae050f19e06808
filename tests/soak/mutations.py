"""Every file format, changed field by field and at random, for as long as there is time: no traceback in any."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.support.mutations import Count, Named, Victim, judge, victims

ROUND = 20
"""Changed files of a format before the next has its turn."""


def run(seconds: float, seed: int) -> str:
    """Mutations of all formats for so long, and how many there were of each. Raises AssertionError for the first
    command that does anything but work, or say in one line what is wrong.
    """
    return soak(seconds, seed)


def soak(seconds: float, seed: int, enough: int | None = None, names: tuple[str, ...] = ()) -> str:
    """The same; ends too when every format had `enough`. names: the formats, or all."""
    end, random = time.monotonic() + seconds, Random(seed)
    counts: dict[str, Count] = {}
    with TemporaryDirectory() as folder:
        found = {name: victim for name, victim in victims(Path(folder)).items() if not names or name in names}
        streams = {name: _stream(victim, random) for name, victim in found.items()}
        while streams and time.monotonic() < end:
            for name in list(streams):
                count = counts.setdefault(name, Count())
                for _ in range(ROUND):
                    works = judge(Path(folder), found[name], next(streams[name]))
                    count.accepted, count.refused = count.accepted + works, count.refused + (not works)
                if enough is not None and count.accepted + count.refused >= enough:
                    del streams[name]
    return "\n".join(f"{name}: {count}" for name, count in counts.items())


def _stream(victim: Victim, random: Random) -> Iterator[Named]:
    """In turn one of the systematic changes, as long as there are any, and one at random."""
    systematic = list(victim.systematic())
    random.shuffle(systematic)
    while True:
        if systematic:
            yield systematic.pop()
        yield victim.random(random)
