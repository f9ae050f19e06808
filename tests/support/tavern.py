"""The tavern, played: a player who walks about and talks, and what is said, against the integer model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Self

from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.sampler import Request, run
from snesgpt.emulator.console import Console

WALKS = ("up", "down", "left", "right")
DONE, CLOSING = 3, 4
"""Of talk_state, halved: the whole text is shown; the window closes."""

PEOPLE = 4
BOOT = 120


@dataclass(frozen=True)
class Talk:
    """What somebody said: the phrase it began with, its seed, the letters that were shown, whether to the end."""

    opening: str
    seed: int
    said: str
    whole: bool


class Tavern:
    """The game in a core. Use as a context manager. symbols: ld65's debug file."""

    def __init__(self, rom: Path, symbols: Path, core: str) -> None:
        found = re.findall(r'name="(\w+)".*val=0x([0-9A-F]+)', symbols.read_text())
        self._at = {name: int(value, 16) for name, value in found}
        self._rom = rom.read_bytes()
        self.console = Console(rom, core)
        self.console.scramble(1)
        self.console.run(BOOT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.console.close()

    def word(self, name: str, size: int = 2) -> int:
        """A variable of the game's."""
        return int.from_bytes(self.console.read(self._at[name], size), "little")

    def text(self, address: int) -> str:
        """A text in bank 0, up to its zero."""
        return self._rom[address & 0x7FFF :].split(b"\0", 1)[0].decode()

    def play(self, random: Random, length: int) -> Iterator[Talk]:
        """Random buttons for some frames; every talk as it ends."""
        end, state = self.console.frames + length, self._state()
        while self.console.frames < end:
            held = self._buttons(random)
            for buttons, frames in ((held, random.choice((1, 2, 3, 8, 20, 40))), (held - {"a"}, 2)):
                self.console.press(*buttons)
                for _ in range(frames):
                    self.console.run()
                    before, state = state, self._state()
                    if state == CLOSING and before != CLOSING and self.word("speaker") < 0x8000:
                        yield self._talk(whole=before == DONE)

    @property
    def said(self) -> bool:
        """Whether the whole of a line is shown."""
        return self._state() == DONE

    def _state(self) -> int:
        return self.word("talk_state") // 2

    def _buttons(self, random: Random) -> set[str]:
        if self._state() in (1, 2) and random.random() < 0.9:  # let them speak
            return {random.choice(WALKS)}
        return {
            random.choice(WALKS),
            *(["a"] if random.random() < 0.4 else []),
            *(["b"] if random.random() < 0.02 else []),
        }

    def _talk(self, *, whole: bool) -> Talk:
        letters = self.console.read(self._at["letters"], self.word("letters_made")).decode("latin-1")
        return Talk(self.text(self.word("talk_opening")), self.word("talk_seed"), letters, whole)


def wanted_line(model: IntegerModel, talk: Talk) -> str:
    """What the integer model says after the opening, the first letter a capital."""
    given = [model.symbols.index(letter) for letter in talk.opening]
    (made,) = run(Executor(model), [Request(talk.seed, model.temperature, 1, tuple(given), model.top_p)])
    letters = (model.symbols[token.next_token] for token in made if token.next_token != model.config.bos)
    text = "".join(letters)
    return text[:1].upper() + text[1:]
