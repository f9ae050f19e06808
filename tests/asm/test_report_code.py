"""The report code is read back as it was written, and a letter that is misread is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from asm.cartridge.report_code import (
    ALPHABET,
    BITS,
    GROUP,
    GROUPS,
    Report,
    Verdict,
    checksum,
    decode,
    digits,
    encode,
    report,
)
from trainer.errors import InputError

USUAL = Report(0xACB57, 2, 1, 3, 301, 469, Verdict.PASSED, sum_right=True, pal=False, sa1=False)
CODE = encode(USUAL)


def test_every_field_comes_back() -> None:
    random = np.random.default_rng(1)
    most = report({name: (1 << bits) - 1 for name, bits in BITS.items()} | {"verdict": Verdict.STOPPED})
    least = report(dict.fromkeys(BITS, 0))
    anything = [{name: int(random.integers(1 << bits)) for name, bits in BITS.items()} for _ in range(100)]
    some = [report(values | {"verdict": n % 3}) for n, values in enumerate(anything)]
    for one in (most, least, USUAL, *some):
        assert decode(encode(one)) == one


def test_the_format_stays_as_it_is() -> None:
    """Codes are on photographs: what this one says must never change."""
    assert CODE == "NJTQ-44R1-5NTM-GXTB"


@pytest.mark.parametrize(
    "written",
    [
        CODE.lower(),
        CODE.replace("-", " "),
        CODE.replace("-", ""),
        CODE.replace("0", "o"),
        f" {CODE.replace('-', '–')}\n",
    ],
)
def test_it_is_read_as_people_write_it(written: str) -> None:
    assert decode(written) == USUAL


def test_letters_that_look_alike_are_one() -> None:
    ones = next(code for n in range(1000) if "1" in (code := encode(replace(USUAL, frames=n))))
    assert decode(ones.replace("1", "I")) == decode(ones.replace("1", "l")) == decode(ones)


def test_wherever_one_letter_is_misread_its_group_is_named_and_the_code_that_fits() -> None:
    places = [place for place, letter in enumerate(CODE) if letter != "-"]
    for place in places:
        for wrong in ALPHABET.replace(CODE[place], ""):
            with pytest.raises(InputError) as refused:
                decode(CODE[:place] + wrong + CODE[place + 1 :])
            group = GROUPS[place // (GROUP + 1)]
            assert str(refused.value).startswith(f"the {group} group is misread: {CODE} would fit")


def test_two_letters_that_change_places_are_found() -> None:
    letters = CODE.replace("-", "")
    for place in range(len(letters) - 1):
        one, other = letters[place], letters[place + 1]
        if one != other:
            with pytest.raises(InputError, match="misread"):
                decode(letters[:place] + other + one + letters[place + 2 :])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "this has 0"),
        (CODE[:-1], "a code has 16 letters in groups of 4, and this has 15"),
        (CODE + "0", "this has 17"),
        (CODE[:-1] + "U", "no code has 'U', in the fourth group"),
        ("an error, not a code", "no code has ',', in the second group"),
    ],
)
def test_what_is_no_code_is_refused(written: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        decode(written)


def test_what_does_not_fit_a_field_is_not_written() -> None:
    with pytest.raises(AssertionError, match="tokens"):
        encode(replace(USUAL, tokens=1 << BITS["tokens"]))


@pytest.mark.parametrize("change", [{"format": 1}, {"verdict": 3}])
def test_a_value_that_this_format_has_not_is_refused(change: dict[str, int]) -> None:
    """The checksum is right, so it is no slip: a later format may have it."""
    values = {name: int(getattr(USUAL, name, 0)) for name in BITS} | change
    number = 0
    for name, bits in BITS.items():
        number = number << bits | values[name]
    found = [number >> 16 * n & 0xFFFF for n in reversed(range(4))]
    letters = "".join(ALPHABET[digit] for digit in digits([*found, checksum(found)]))
    with pytest.raises(InputError, match="of a newer snesgpt"):
        decode(letters)
