"""The screen of names as a person meets it, watched from outside: its counters, and A for another page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from asm.memory.log_record import HOST_MAGIC
from snesgpt.emulator.console import Console
from snesgpt.emulator.ram import Ram
from trainer.errors import InputError

BOOT_FRAMES = 120
FIRST_SEED = 1
MOST_NAMES = 64
"""More than a screen has rows."""


def names_to_a_page(addresses: Mapping[str, int]) -> int:
    """How many there are. Raises InputError where the cartridge does not say, or says what no page holds."""
    names = _known(addresses, "NAMES")
    if not 1 <= names <= MOST_NAMES:
        raise InputError(f"the ROM's symbols have NAMES {names}: a page has 1 to {MOST_NAMES}; build it again")
    return names


def _known(addresses: Mapping[str, int], name: str) -> int:
    if name not in addresses:
        raise InputError(f"the ROM's symbols hold no {name}: not built by this snesgpt? Build it again")
    return addresses[name]


class NamesPage:
    """A cartridge that is making its names. addresses: work RAM by name (`asm.build.symbols`).

    Tenths of temperature, if given, replace the cartridge's own, another seed its first; a page with them begins.
    Raises InputError when the ROM is not ours, or when it does nothing for `patience` frames.
    """

    def __init__(
        self,
        console: Console,
        addresses: Mapping[str, int],
        *,
        tenths: int | None = None,
        seed: int = FIRST_SEED,
        patience: int = 2000,
    ) -> None:
        self.console = console
        self._at = addresses
        self.ram = Ram(console, addresses.get("VECTOR_BLOCK"))
        self._patience, self._idle = patience, 0
        block = self.address("host_magic")
        try:
            console.run_until(lambda _: self.ram.read(block, len(HOST_MAGIC)) == HOST_MAGIC, BOOT_FRAMES)
        except TimeoutError as error:
            raise InputError(
                "the ROM shows no host block within two seconds: not snesgpt's, or its screen says what it needs"
            ) from error
        if "TITLE_PAGE" in addresses:
            self._press("start", lambda: self.word("page") != addresses["TITLE_PAGE"])
        if "names_pause" in addresses:
            self.ram.write_words(self.address("names_pause"), np.array([0]))
        if tenths is not None:
            self._set_temperature(tenths)
        if seed != FIRST_SEED:
            self.ram.write_words(self.address("seed"), np.array([seed - 1]))
            self._press("up", lambda: self.word("names_seed") == seed)

    def address(self, name: str) -> int:
        """Where a word is in RAM. Raises InputError for a name the cartridge has not, or has elsewhere."""
        address = _known(self._at, name)
        try:
            self.ram.word(address)
        except IndexError as error:
            raise InputError(
                f"the ROM's symbols have {name} at ${address:X}, which is no RAM a host sees: build again"
            ) from error
        return address

    def word(self, name: str) -> int:
        """An unsigned word of work RAM."""
        return self.ram.word(self.address(name))

    @property
    def tokens(self) -> int:
        """Tokens made since the page began."""
        return self.word("tokens_made")

    @property
    def complete(self) -> bool:
        """Whether all its names are made."""
        return self.word("names_made") == names_to_a_page(self._at)

    def begin(self) -> None:
        """Press A at a complete page, until the next one begins."""
        self._press("a", lambda: not self.complete)

    def _set_temperature(self, tenths: int) -> None:
        """From one step beside it, by a press: so the page begins again."""
        below = max(tenths - 1, 0)
        self.ram.write_words(self.address("temperature"), np.array([below if tenths else 1]))
        self._press("right" if tenths else "left", lambda: self.word("names_temperature") == tenths)

    def _press(self, button: str, happened: Callable[[], bool]) -> None:
        self.console.press(button)
        self.run_until(happened)
        self.console.release()

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
            raise InputError(f"the ROM makes no progress: no token within {self._patience} frames")
