"""The page of names as a person meets it, watched from outside: its counters, and Start for another page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from asm.record import HOST_BLOCK, HOST_MAGIC
from snesgpt.console import Console
from trainer.errors import InputError

NAMES = 20
BOOT_FRAMES = 120


class NamesPage:
    """A cartridge that is making its names. addresses: work RAM by name (`asm.build.symbols`).

    Tenths of temperature, if given, replace the cartridge's own, and a page with them begins.
    Raises InputError when the ROM is not ours, or when it does nothing for `patience` frames.
    """

    def __init__(
        self, console: Console, addresses: Mapping[str, int], *, tenths: int | None = None, patience: int = 2000
    ) -> None:
        self.console = console
        self._at = addresses
        self._patience, self._idle = patience, 0
        try:
            console.run_until(lambda c: c.read(HOST_BLOCK, len(HOST_MAGIC)) == HOST_MAGIC, BOOT_FRAMES)
        except TimeoutError as error:
            raise InputError("the ROM shows no host block within two seconds: not built by snesgpt?") from error
        if tenths is not None:
            console.write_words(self.address("temperature"), np.array([tenths]))
            self.begin()

    def address(self, name: str) -> int:
        """Offset in work RAM. Raises InputError for a name the cartridge has not."""
        if name not in self._at:
            raise InputError(f"the ROM's symbols hold no {name}: not built by this snesgpt? Build it again")
        return self._at[name] & 0x1FFFF

    def word(self, name: str) -> int:
        """An unsigned word of work RAM."""
        return int(self.console.read_words(self.address(name), 1).view(np.uint16)[0])

    @property
    def tokens(self) -> int:
        """Tokens made since the page began."""
        return self.word("tokens_made")

    @property
    def complete(self) -> bool:
        """Whether the twentieth name stands."""
        return self.word("names_made") == NAMES

    def begin(self) -> None:
        """Press Start until the page begins again with the next seed."""
        seed = self.word("seed")
        self.console.press("start")
        self.run_until(lambda: self.word("seed") != seed)
        self.console.release()
        self.run_until(lambda: not self.complete)

    def run_until(self, happened: Callable[[], bool]) -> None:
        """Run frame by frame until it has happened. Raises InputError as `step`."""
        while not happened():
            self.step()

    def step(self) -> None:
        """Run a frame. Raises InputError when `patience` frames have passed without a token."""
        tokens = self.tokens
        self.console.run()
        self._idle = 0 if self.tokens != tokens else self._idle + 1
        if self._idle > self._patience:
            raise InputError(f"the ROM stands still: no token within {self._patience} frames")
