"""Driving a running cartridge through its host block: requests in, tokens, logits and traces out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asm.memory.log_record import (
    HOST_MAGIC,
    LOGITS_OFFSET,
    RECORD_WORDS,
    RecordLayout,
    host_field,
    host_places,
)
from quantize.model import IntegerModel
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.emulator.ram import Ram
from trainer.errors import InputError

IDLE, FULL = 0, 2
RUN = 1
BOOT_FRAMES = 120


@dataclass(frozen=True)
class Record:
    """One token as the console logged it."""

    words: dict[str, int]
    logits: NDArray[np.int16]
    raw: bytes


class Host:
    """A cartridge under remote control. Raises InputError when the ROM is not ours or of another shape."""

    def __init__(self, console: Console, model: IntegerModel, *, frames_per_token: int = 2000) -> None:
        self._console = console
        self._limit = frames_per_token
        self._places = host_places(model)
        self._ram = Ram(console, self._places.window)
        self._wait_until_it_is_up()
        size = self._get("record_bytes")
        known = {RecordLayout(model, traced).size: traced for traced in (False, True)}
        if size not in known:
            raise InputError(f"the ROM logs {size} bytes a token: it was built from a model of another shape")
        self.layout = RecordLayout(model, known[size])

    def _wait_until_it_is_up(self) -> None:
        try:
            self._console.run_until(lambda _: self._has_magic(), BOOT_FRAMES)
        except TimeoutError as error:
            raise InputError(
                "the ROM shows no host block within two seconds: not snesgpt's, or its screen says what it needs"
            ) from error

    def _has_magic(self) -> bool:
        """Whether the machine is up. A cartridge of another target has no RAM there, or other bytes."""
        try:
            return self._ram.read(self._places.block, len(HOST_MAGIC)) == HOST_MAGIC
        except IndexError:
            return False

    def reset(self) -> None:
        """Push the console's button, and wait until the cartridge is up again. What it was asked for is gone.

        Raises InputError when it does not come up.
        """
        self._ram.write(self._places.block, bytes(len(HOST_MAGIC)))  # RAM keeps it over a reset
        self._console.reset()
        self._wait_until_it_is_up()

    def _field(self, name: str) -> int:
        return host_field(name, self._places.block)

    def run(self, request: Request) -> Iterator[Record]:
        """Every token of a request, as it is made. Raises TimeoutError when the console stops answering."""
        console = self._console
        self._ram.write_words(self._field("prompt"), np.array(request.prompt, np.int64))
        for name, value in (
            ("seed", request.seed),
            ("temperature", request.tenths),
            ("top_p", request.top_p),
            ("count", request.count),
            ("prompt_length", len(request.prompt)),
            ("status", RUN),
            ("log_count", 0),
            ("command", RUN),
        ):
            self._ram.write_words(self._field(name), np.array([value]))
        read = 0
        while True:
            before = read
            console.run_until(self._changed(before), self._limit)
            count = self._get("log_count")
            yield from self._records(read, count)
            read = count
            if self._get("status") == FULL and count == self._get("capacity"):
                self._ram.write_words(self._field("log_count"), np.array([0]))
                read = 0
            elif self._get("command") == IDLE and self._get("log_count") == read:
                return

    def _changed(self, read: int) -> Callable[[Console], bool]:
        def changed(_: Console) -> bool:
            return self._get("log_count") != read or self._get("command") == IDLE

        return changed

    def _records(self, first: int, end: int) -> Iterator[Record]:
        size = self.layout.size
        for number in range(first, end):
            raw = self._ram.read(self._places.log + number * size, size)
            words = np.frombuffer(raw, np.uint16, len(RECORD_WORDS))
            logits = np.frombuffer(raw, np.int16, self.layout.model.config.vocab_size, LOGITS_OFFSET)
            yield Record(dict(zip(RECORD_WORDS, map(int, words), strict=True)), logits, raw)

    def _get(self, name: str) -> int:
        return self._ram.word(self._field(name))


def intermediates(layout: RecordLayout, record: Record) -> dict[str, NDArray[Any]]:
    """Trace name → array of a traced record; over positions only those seen so far."""
    found: dict[str, NDArray[Any]] = {}
    for name, (offset, entry) in layout.entries.items():
        values = np.frombuffer(record.raw, np.int16, int(np.prod(entry.shape)), offset).reshape(entry.shape)
        found[name] = values[..., : record.words["position"] + 1] if entry.over_positions else values
    return found
