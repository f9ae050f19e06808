"""Names kept: whatever happens to the save RAM, the console shows the old list, the new one, or an empty one."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from asm.memory.save_format import (
    BODY,
    CAPACITY,
    CRC_START,
    FIRST_BAD,
    HEADER_BYTES,
    LOADED,
    RESET,
    SECOND_BAD,
    Kept,
    Loaded,
    SaveFormat,
)
from snesgpt.emulator.console import Console
from tests.support.models import random_model
from tests.support.routine_console import Call, RoutineConsole, build_routines
from trainer.config import ModelConfig
from trainer.errors import InputError

CORES = ("snes9x", "bsnes")
FORMAT = SaveFormat(16)
OLD = Kept(("ada", "bo", "a name of sixtee"), True, 6)
NEW = Kept(("ada", "bo", "a name of sixtee", "dana"), True, 7)
ROUTINES = build_routines(random_model(ModelConfig(9, 5, n_embd=4, n_head=2, n_hidden=4)))


class Battery:
    """load_kept and copy_crc of a cartridge with 16 characters a name, on any save RAM."""

    def __init__(self, console: Console) -> None:
        self._console, self._routines = console, RoutineConsole(console, ROUTINES)

    def put(self, sram: bytes) -> None:
        self._console.sram[: len(sram)] = np.frombuffer(sram, np.uint8)

    def checksum(self, copy: int) -> int:
        """Checked against Python's own; returns it."""
        start = copy * FORMAT.copy_bytes
        data = self._console.sram[start : start + FORMAT.copy_bytes].tobytes()
        end = HEADER_BYTES + FORMAT.entry_bytes * int.from_bytes(data[12:14], "little")
        crc = crc_hqx(data[BODY:end], CRC_START)
        self._routines.check("copy_crc", Call({"X": np.array([start])}, {"A": np.array([crc])}))
        return crc

    def load(self, sram: bytes) -> Loaded:
        """The result of load_kept: exactly the twin's; and afterwards both copies hold that list."""
        self.put(sram)
        want = FORMAT.load(sram)
        repairs = {LOADED: 0, SECOND_BAD: 1, FIRST_BAD: 1, RESET: 2}[want.state]
        numbers = {
            "kept_copy": (want.copy + repairs) % 2 * FORMAT.copy_bytes,
            "kept_count": len(want.kept.names),
            "kept_sequence": want.kept.sequence + repairs,
            "save_state": want.state,
            "muted": int(want.kept.muted),
        }
        self._routines.check(
            "load_kept",
            Call({"X": np.array([0])}, {name: np.array([number]) for name, number in numbers.items()}),
        )
        after = FORMAT.load(self._console.sram[: FORMAT.sram_bytes].tobytes())
        assert after.state == LOADED
        assert replace(after.kept, sequence=0) == replace(want.kept, sequence=0)
        return want


@pytest.fixture(scope="module", params=[pytest.param(core, marks=pytest.mark.emulator) for core in CORES])
def battery(request: pytest.FixtureRequest) -> Iterator[Battery]:
    with Console(ROUTINES.image, request.param) as console:
        yield Battery(console)


def changed(data: bytes, at: int, flip: int) -> bytes:
    return data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]


def in_use(*copies: Kept) -> list[int]:
    """Offsets of every byte of a composed save RAM that means something."""
    return [at + n * FORMAT.copy_bytes for n, kept in enumerate(copies) for at in range(len(FORMAT.copy(kept)))]


def test_the_checksum_is_the_standard_library_s(battery: Battery) -> None:
    random = np.random.default_rng(1)
    for count in (0, 1, 7, CAPACITY):
        noise = bytearray(random.bytes(FORMAT.sram_bytes))
        noise[12:14] = noise[FORMAT.copy_bytes + 12 : FORMAT.copy_bytes + 14] = bytes((count, 0))
        battery.put(bytes(noise))
        assert battery.checksum(0) != battery.checksum(1)


def test_no_change_of_a_byte_makes_another_list() -> None:
    copy = FORMAT.copy(NEW)
    assert FORMAT.parse(copy) == NEW
    passed = [
        (at, flip) for at in range(len(copy)) for flip in range(1, 256) if FORMAT.parse(changed(copy, at, flip))
    ]
    assert passed == []


def test_every_byte_flipped_leaves_the_old_list_or_the_new(battery: Battery) -> None:
    sram = FORMAT.compose(OLD, NEW)
    assert battery.load(sram) == Loaded(NEW, 1, LOADED)
    flips = (0xFF, 0x01)
    for number, at in enumerate(in_use(OLD, NEW)):
        first = at < FORMAT.copy_bytes
        wanted = Loaded(NEW, 1, FIRST_BAD) if first else Loaded(OLD, 0, SECOND_BAD)
        assert battery.load(changed(sram, at, flips[number % 2])) == wanted


def test_a_byte_flipped_in_both_copies_leaves_an_empty_list(battery: Battery) -> None:
    sram = FORMAT.compose(OLD, NEW)
    for at in (*range(HEADER_BYTES), HEADER_BYTES + 17):
        both = changed(changed(sram, at, 0x04), at + FORMAT.copy_bytes, 0x10)
        assert battery.load(both) == Loaded(Kept(), 0, RESET)


def test_a_save_cut_after_any_byte_leaves_the_old_list(battery: Battery) -> None:
    sram = bytearray(FORMAT.compose(OLD, replace(OLD, names=("older",), sequence=5)))
    for at, value in FORMAT.writes(1, NEW):
        assert battery.load(bytes(sram)).kept == OLD
        sram[at] = value
    assert battery.load(bytes(sram)) == Loaded(NEW, 1, LOADED)


@pytest.mark.parametrize(
    ("first", "second", "newer"), [(7, 8, 1), (8, 7, 0), (0xFFFF, 0, 1), (0, 0xFFFF, 0), (5, 5, 0)]
)
def test_the_newer_copy_counts_also_when_the_numbers_wrap(
    battery: Battery, first: int, second: int, newer: int
) -> None:
    copies = replace(OLD, sequence=first), replace(NEW, sequence=second, muted=False)
    assert battery.load(FORMAT.compose(*copies)) == Loaded(copies[newer], newer, LOADED)


def foreign() -> dict[str, bytes]:
    """Save RAMs that hold no list of this cartridge."""
    good, size = FORMAT.compose(OLD, NEW), FORMAT.sram_bytes
    other = SaveFormat(32)
    return {
        "zeros": bytes(size),
        "ones": b"\xff" * size,
        "Snes9x": b"\x60" * size,
        "noise": np.random.default_rng(2).bytes(size),
        "another game": good.replace(b"SGPT", b"SGPU"),
        "longer names": other.compose(OLD, NEW)[:size],
        "another version": good.replace(b"\x01\x10", b"\x02\x10"),
    }


@pytest.mark.parametrize("kind", foreign())
def test_what_is_not_ours_becomes_an_empty_list(battery: Battery, kind: str) -> None:
    assert battery.load(foreign()[kind]) == Loaded(Kept(), 0, RESET)


def test_a_full_list_of_any_length_of_names_fits_its_save_ram() -> None:
    for length in (16, 32, 64, 128):
        form = SaveFormat(length)
        kept = Kept(tuple(f"{n:0{length}}" for n in range(CAPACITY)), False, 0xFFFF)
        assert form.load(form.compose(kept, Kept())) == Loaded(Kept(), 1, LOADED)
        assert form.parse(form.copy(kept)) == kept
        with pytest.raises(InputError, match="keeps 64"):
            form.copy(replace(kept, names=(*kept.names, "one more")))
        for name in ("", "n" * (length + 1), "nul\0", "ł"):
            with pytest.raises(InputError, match="cannot keep"):
                form.entry(name)
