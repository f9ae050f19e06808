"""The code on the about screen: what a console and its self-test were, in letters that a person can read aloud.

Four words and their checksum, 80 bits, in sixteen letters of five bits each: Crockford's base 32, which has no I,
L, O or U. The twin of report.asm.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from struct import pack

from asm.memory.save_format import CRC_START
from asm.targets.target import Target
from trainer.errors import InputError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
READ_AS = str.maketrans("OIL", "011")
LETTERS, GROUP, LETTER_BITS = 16, 4, 5
GROUPS = ("first", "second", "third", "fourth")
BETWEEN = re.compile(r"[\s\-–—_.]+")
"""What may stand between letters."""

WORDS, WORD_BITS = 4, 16
BITS = {
    **{"build": 20, "cpu": 4, "ppu1": 4, "ppu2": 4},
    "frames": 16,
    **{"tokens": 10, "verdict": 2, "sum_right": 1, "pal": 1, "sa1": 1, "format": 1},
}
"""Every field's bits, from the highest of the first word to the lowest of the last. The format is 0."""

BUILD_DIGITS = BITS["build"] // 4
"""Hexadecimal digits of the build id, the first ones."""

MAX_FRAMES = (1 << BITS["frames"]) - 1
"""It means: as many, or more."""


class Verdict(IntEnum):
    """How the transcript went."""

    PASSED = 0
    FAILED = 1
    STOPPED = 2


@dataclass(frozen=True)
class Report:
    """What a code says.

    build: the first digits of the build id, as a number. cpu, ppu1, ppu2: the chips' versions, as they say.
    frames: from the beginning of the transcript to the end of its last token that was computed. tokens: how many
    were right, in a row. sum_right: the ROM has the sum that its header says. pal: a console of 50 Hz.
    """

    build: int
    cpu: int
    ppu1: int
    ppu2: int
    frames: int
    tokens: int
    verdict: Verdict
    sum_right: bool
    pal: bool
    sa1: bool

    @property
    def computed(self) -> int:
        """The tokens that the frames are of: a wrong one took its time too."""
        return self.tokens + (self.verdict == Verdict.FAILED)


def report(values: Mapping[str, int]) -> Report:
    """The fields as numbers."""
    kinds = {"verdict": Verdict, **dict.fromkeys(("sum_right", "pal", "sa1"), bool)}
    return Report(**{field.name: kinds.get(field.name, int)(values[field.name]) for field in fields(Report)})


def words(report: Report) -> list[int]:
    """Five words, the last of them the checksum.    asm: seal_report"""
    number = 0
    for name, bits in BITS.items():
        value = int(getattr(report, name, 0))
        assert 0 <= value < 1 << bits, f"{name} is {value}"
        number = number << bits | value
    found = _parts(number, WORD_BITS, WORDS)
    return [*found, checksum(found)]


def checksum(found: Sequence[int]) -> int:
    """CRC-16 of words as they are in memory, low byte first; itself high byte first.

    So no two letters that are misread alone change it alike: see `_where_misread`.
    """
    crc = crc_hqx(pack(f"<{WORDS}H", *found), CRC_START)
    return int.from_bytes(crc.to_bytes(2, "big"), "little")


def digits(sealed: Sequence[int]) -> list[int]:
    """The numbers of the letters of five words, the highest bits first.    asm: report_digit"""
    return _parts(_number(sealed, WORD_BITS), LETTER_BITS, LETTERS)


def packed(letters: Sequence[int]) -> list[int]:
    """The five words of the letters' numbers."""
    return _parts(_number(letters, LETTER_BITS), WORD_BITS, WORDS + 1)


def _number(parts: Sequence[int], bits: int) -> int:
    """Numbers of this width, the highest first, as one."""
    return sum(part << bits * n for n, part in enumerate(reversed(parts)))


def _parts(number: int, bits: int, count: int) -> list[int]:
    """The other way round."""
    return [number >> bits * n & (1 << bits) - 1 for n in reversed(range(count))]


def encode(report: Report) -> str:
    """The code, in groups of four.    asm: put_report"""
    return grouped("".join(ALPHABET[digit] for digit in digits(words(report))))


def grouped(letters: str) -> str:
    """With a dash between groups."""
    return "-".join(letters[at : at + GROUP] for at in range(0, LETTERS, GROUP))


def decode(text: str) -> Report:
    """What a code says. Small letters, other gaps, and O, I or L for 0 or 1 will do.

    Raises InputError for what is no code; where one letter alone may be misread, it says in which group.
    """
    letters = BETWEEN.sub("", text).upper().translate(READ_AS)
    for place, letter in enumerate(letters[:LETTERS]):
        if letter not in ALPHABET:
            raise InputError(f"no code has {letter!r}, in the {GROUPS[place // GROUP]} group: it is misread")
    if len(letters) != LETTERS:
        raise InputError(f"a code has {LETTERS} letters in groups of {GROUP}, and this has {len(letters)}")
    if not _fits(letters):
        raise InputError(_where_misread(letters))
    values = _fields(letters)
    if values["format"] or values["verdict"] not in {*Verdict}:
        raise InputError("this code is of a newer snesgpt: it has fields that this one does not know")
    return report(values)


def _fits(letters: str) -> bool:
    """Whether the checksum is theirs."""
    *found, crc = _words(letters)
    return checksum(found) == crc


def _words(letters: str) -> list[int]:
    return packed([ALPHABET.index(letter) for letter in letters])


def _fields(letters: str) -> dict[str, int]:
    number, values = _number(_words(letters)[:WORDS], WORD_BITS), dict[str, int]()
    for name, bits in reversed(BITS.items()):
        number, values[name] = number >> bits, number & (1 << bits) - 1
    return values


def _where_misread(letters: str) -> str:
    """The group, if one letter alone can be it: at most one other code is so near."""
    near = [(place, code) for place, code in _neighbors(letters) if _fits(code)]
    if not near:
        return "more than one letter of this code is misread: its checksum does not fit"
    place, code = near[0]
    return f"the {GROUPS[place // GROUP]} group is misread: {grouped(code)} would fit; look at the screen again"


def _neighbors(letters: str) -> Iterator[tuple[int, str]]:
    """Every place, and the code with another letter there."""
    for place, old in enumerate(letters):
        for new in ALPHABET.replace(old, ""):
            yield place, letters[:place] + new + letters[place + 1 :]


@dataclass(frozen=True)
class CodeNumbers:
    """The format in numbers, for the templates: letters, and where the fields of the last word are."""

    letters: str
    count: int
    group: int
    build_digits: int
    token_bits: int
    tokens_shift: int
    failed: int
    stopped: int
    sum_right: int
    pal: int
    target: int
    crc_start: int


def code_numbers(target: Target) -> CodeNumbers:
    """Those of a target's cartridges."""
    return CodeNumbers(
        letters=ALPHABET,
        count=LETTERS,
        group=GROUP,
        build_digits=BUILD_DIGITS,
        token_bits=BITS["tokens"],
        tokens_shift=_shift("tokens"),
        failed=Verdict.FAILED << _shift("verdict"),
        stopped=Verdict.STOPPED << _shift("verdict"),
        sum_right=1 << _shift("sum_right"),
        pal=1 << _shift("pal"),
        target=int(target.apart) << _shift("sa1"),
        crc_start=CRC_START,
    )


def _shift(name: str) -> int:
    """Bits below a field."""
    names = [*BITS]
    return sum(BITS[lower] for lower in names[names.index(name) + 1 :]) % WORD_BITS
