"""The cartridge image: its header at $7FB0–$7FFF, its checksum, and what is wrong with a bad one.

LoROM, or a cartridge with the SA-1, which begins as one. Source of the layout: SNES Development Manual, book I,
"ROM registration data", and book II on the SA-1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from asm.memory.banks import power_of_two
from trainer.errors import InputError
from trainer.files import LARGEST_FILE, read_file

BANK = 0x8000
SMALLEST, LARGEST = BANK, 128 * BANK  # LoROM reaches banks $00–$7F, half of each
LARGEST_SA1 = 2 * LARGEST
COPIER_HEADER = 512

MAKER, GAME, RESERVED, RESERVED_END = 0x7FB0, 0x7FB2, 0x7FB6, 0x7FBC
TITLE, TITLE_SIZE = 0x7FC0, 21
MAP_MODE, CHIPSET, ROM_SIZE, SRAM_SIZE, REGION, DEVELOPER, VERSION = range(0x7FD5, 0x7FDC)
COMPLEMENT, CHECKSUM = 0x7FDC, 0x7FDE
NMI_VECTOR, RESET_VECTOR = 0x7FEA, 0x7FFC

SPEEDS = {0x20: "slow", 0x30: "fast"}
CHIPSETS = {0: "ROM", 1: "ROM + RAM", 2: "ROM + RAM + battery"}
SA1_MAP = 0x23
SA1_CHIPSETS = {0x34: "ROM + SA-1 + RAM", 0x35: "ROM + SA-1 + RAM + battery"}
"""What both emulators take; others name the same chip."""

LARGEST_SRAM = 7  # 128 KiB
EXTENDED = 0x33  # as developer: the maker's and the game's codes are at $7FB0
PAL_REGIONS = {*range(0x02, 0x0D), 0x11}
LAST_REGION = 0x14


@dataclass(frozen=True)
class Cartridge:
    """The contents of the header; also `size`, bytes of the file, and `faults`, why it is not a good one.

    rom_size and sram_size in bytes, 0 for sizes beyond any cartridge; vectors in bank 0;
    speed `slow`, `fast` or `unknown`; video `NTSC` or `PAL`.
    """

    title: str
    size: int
    map_mode: int
    speed: str
    chipset: str
    rom_size: int
    sram_size: int
    region: int
    video: str
    developer: int
    maker: str
    game: str
    version: int
    complement: int
    checksum: int
    reset: int
    nmi: int
    faults: tuple[str, ...]


def read_cartridge(path: Path) -> Cartridge:
    """The header of the image in a file, with its faults.

    Raises InputError when the file is missing, a directory, empty or smaller than any cartridge.
    """
    image = read_image(path)
    body = _without_copier_header(image)
    extended = body[DEVELOPER] == EXTENDED
    return Cartridge(
        title=_text(body[TITLE : TITLE + TITLE_SIZE]),
        size=len(image),
        map_mode=body[MAP_MODE],
        speed=(SPEEDS | {SA1_MAP: "slow"}).get(body[MAP_MODE], "unknown"),
        chipset=_chipsets(body).get(body[CHIPSET], "unknown"),
        rom_size=_kilobytes(body[ROM_SIZE]),
        sram_size=_kilobytes(body[SRAM_SIZE]) if body[SRAM_SIZE] else 0,
        region=body[REGION],
        video="PAL" if body[REGION] in PAL_REGIONS else "NTSC",
        developer=body[DEVELOPER],
        maker=_text(body[MAKER:GAME]) if extended else "",
        game=_text(body[GAME:RESERVED]) if extended else "",
        version=body[VERSION],
        complement=_word(body, COMPLEMENT),
        checksum=_word(body, CHECKSUM),
        reset=_word(body, RESET_VECTOR),
        nmi=_word(body, NMI_VECTOR),
        faults=tuple(faults(image)),
    )


def read_image(path: Path) -> bytes:
    """The bytes of a cartridge file.

    Raises InputError when it is missing, a directory, far too large, empty or smaller than any cartridge.
    """
    image = read_file(path, LARGEST_FILE, "build it with `snesgpt build`, or give a path")
    if len(image) < SMALLEST:
        size = f"{len(image)} bytes" if image else "empty"
        raise InputError(f"{path} is not a cartridge ({size}; the smallest has {SMALLEST}): build it again")
    return image


def _chipsets(body: bytes) -> Mapping[int, str]:
    """Those that go with the map mode."""
    return SA1_CHIPSETS if body[MAP_MODE] == SA1_MAP else CHIPSETS


def faults(image: bytes) -> list[str]:
    """Everything wrong with an image, one line each, `name: what`. Empty for a good one."""
    if len(image) < SMALLEST:
        return [f"size: {len(image)} bytes, the smallest cartridge has {SMALLEST}"]
    body = _without_copier_header(image)
    return [*_size_faults(image, body), *_header_faults(body), *_checksum_faults(body), *_vector_faults(body)]


def checksum(image: bytes) -> int:
    """Sum of all bytes modulo 2^16, mirrored as the console sees it, the header's own two words as FFFF, 0000.

    A size that is no power of two: the remainder above the largest one repeats until it fills the other half.
    image (≥ 32768 bytes), without copier header. Raises ValueError for a smaller one.
    """
    if len(image) < SMALLEST:
        raise ValueError(f"{len(image)} bytes are no cartridge: the smallest has {SMALLEST}")
    blank = image[:COMPLEMENT] + b"\xff\xff\0\0" + image[COMPLEMENT + 4 :]
    return _mirrored_sum(blank) & 0xFFFF


def with_checksum(image: bytes) -> bytes:
    """The same image with checksum and complement written into its header. Raises ValueError as `checksum`."""
    total = checksum(image)
    words = (total ^ 0xFFFF).to_bytes(2, "little") + total.to_bytes(2, "little")
    return image[:COMPLEMENT] + words + image[COMPLEMENT + 4 :]


def _mirrored_sum(data: bytes) -> int:
    half = 1 << (len(data).bit_length() - 1)
    rest = data[half:]
    if not rest:
        return sum(data)
    return sum(data[:half]) + _mirrored_sum(rest) * (half // power_of_two(len(rest)))


def _size_faults(image: bytes, body: bytes) -> Iterator[str]:
    if len(body) != len(image):
        yield f"copier header: {COPIER_HEADER} bytes come before the image, cut them off"
    sa1 = body[MAP_MODE] == SA1_MAP
    if len(body) > (largest := LARGEST_SA1 if sa1 else LARGEST):
        yield f"size: {len(body)} bytes, {'the SA-1' if sa1 else 'LoROM'} reaches {largest}"
    if len(body) != power_of_two(len(body)):
        yield f"size: {len(body)} bytes is not a power of two"
    if _kilobytes(body[ROM_SIZE]) != power_of_two(len(body)):
        yield f"ROM size: header says 2^{body[ROM_SIZE]} KiB, the image has {len(body)} bytes"


def _header_faults(body: bytes) -> Iterator[str]:
    title = body[TITLE : TITLE + TITLE_SIZE]
    if not all(0x20 <= byte < 0x7F for byte in title) or not title.strip():
        yield f"title: not {TITLE_SIZE} printable characters: {_text(title)!r}"
    if body[MAP_MODE] not in (*SPEEDS, SA1_MAP):
        yield f"map mode: ${body[MAP_MODE]:02X} is not LoROM ($20 slow, $30 fast), nor the SA-1's (${SA1_MAP:02X})"
    if body[MAP_MODE] == SA1_MAP and body[CHIPSET] not in SA1_CHIPSETS:
        yield f"chipset: ${body[CHIPSET]:02X} does not go with the SA-1's map mode ($34, with a battery $35)"
    elif body[CHIPSET] not in _chipsets(body):
        yield f"chipset: ${body[CHIPSET]:02X} is not a plain cartridge ($00, with RAM $01 or $02)"
    if body[SRAM_SIZE] > LARGEST_SRAM:
        yield f"SRAM size: 2^{body[SRAM_SIZE]} KiB, at most 2^{LARGEST_SRAM}: emulators show no more, or none"
    if body[CHIPSET] in _chipsets(body) and bool(body[CHIPSET]) != bool(body[SRAM_SIZE]):
        yield f"SRAM size: 2^{body[SRAM_SIZE]} KiB does not go with chipset ${body[CHIPSET]:02X}"
    if body[REGION] > LAST_REGION:
        yield f"region: ${body[REGION]:02X} is no region ($00 Japan, $01 USA, $02 Europe …)"
    if body[DEVELOPER] == EXTENDED:
        yield from _extended_faults(body)


def _extended_faults(body: bytes) -> Iterator[str]:
    codes = body[MAKER:RESERVED]
    if not codes.replace(b" ", b"0").isalnum():
        yield f"developer: $33 promises codes at $7FB0, there is {_text(codes)!r}"
    if any(body[RESERVED:RESERVED_END]):
        yield "developer: $33 promises zeros at $7FB6–$7FBB"


def _checksum_faults(body: bytes) -> Iterator[str]:
    said, complement, real = _word(body, CHECKSUM), _word(body, COMPLEMENT), checksum(body)
    if said ^ complement != 0xFFFF:
        yield f"complement: {complement:04X} is not the complement of checksum {said:04X}"
    if said != real:
        yield f"checksum: header says {said:04X}, image sums to {real:04X}"


def _vector_faults(body: bytes) -> Iterator[str]:
    for name, at in (("reset vector", RESET_VECTOR), ("NMI vector", NMI_VECTOR)):
        if _word(body, at) < BANK:
            yield f"{name}: ${_word(body, at):04X} lies outside the ROM ($8000–$FFFF)"


def _without_copier_header(image: bytes) -> bytes:
    has_one = len(image) % 1024 == COPIER_HEADER and len(image) >= SMALLEST + COPIER_HEADER
    return image[COPIER_HEADER:] if has_one else image


def _kilobytes(exponent: int) -> int:
    """Bytes in 2^exponent KiB; 0 for what is no size at all."""
    return 1024 << exponent if exponent < 16 else 0


def _word(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "little")


def _text(raw: bytes) -> str:
    """Printable ASCII as it is, anything else as a question mark."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in raw).rstrip()
