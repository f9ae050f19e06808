"""`python finish.py ROM`: fills the image up to 2 MiB and writes its checksum into the header."""

from __future__ import annotations

import sys
from pathlib import Path

SIZE = 0x200000
COMPLEMENT = 0x7FDC


def finished(image: bytes) -> bytes:
    """The whole image. All its bytes, the four of the sum among them, sum up to what the header says."""
    if len(image) > SIZE:
        raise SystemExit(f"the image has {len(image)} bytes: at most {SIZE} fit")
    image = image.ljust(SIZE, b"\0")
    blank = image[:COMPLEMENT] + b"\xff\xff\0\0" + image[COMPLEMENT + 4 :]
    total = sum(blank) & 0xFFFF
    words = (total ^ 0xFFFF).to_bytes(2, "little") + total.to_bytes(2, "little")
    return blank[:COMPLEMENT] + words + blank[COMPLEMENT + 4 :]


if __name__ == "__main__":
    rom = Path(sys.argv[1])
    rom.write_bytes(finished(rom.read_bytes()))
