"""Compile `names.txt`, the default corpus: given names of the world in the letters a to z.

    pip install faker==40.54.0 && python trainer/data/make_names.py

The source is the person providers of every locale of the Faker library. The rules are the functions below, in the
order in which they are applied; README.md beside this file says them in words, with the counts.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

OUT = Path(__file__).with_name("names.txt")
MIN_LENGTH, MAX_LENGTH = 2, 15

# Latin letters that do not come apart into a letter of a to z and a mark
LETTERS = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ð": "d", "đ": "d", "ɖ": "d", "ɗ": "d", "ø": "o", "ɔ": "o",
        "ɛ": "e", "ǝ": "e", "ə": "a", "ł": "l", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n", "ɓ": "b", "ƙ": "k",
        "ƴ": "y", "ĸ": "k",
    }
)  # fmt: skip
# one name when they occur inside it (ndung'u, asma'u): they write a sound, not a join
APOSTROPHES = "'’‘ʻʼ`´"
# words of a compound name that are not names by themselves: maria de los angeles, te ariki, badr udeen, ta-tanisha
_JOINING = "a al da das de del della der di do dos du e el i la las le lo los o ta te the udeen und van von y"
PARTICLES = frozenset(_JOINING.split())
_TITLES = "capt col dr fr hon jr lt mag mgr miss mme mr mrs ms mx prof rev sgt sister sr sra srta"
_SHORT_FORMS = "edw geo jno robt thos wm"
_NO_NAME_GIVEN = "baby babyboy babygirl female ibn infant male unknown unnamed"
_HALVES = "qay yoom tahaw wur"  # a hyphen that marks a doubled sound: qay-yoom, tahaw-wur
NOT_NAMES = frozenset(f"{_TITLES} {_SHORT_FORMS} {_NO_NAME_GIVEN} {_HALVES}".split())


def strings(value: object) -> Iterator[str]:
    """Every string in a provider's attribute: a tuple, a list, a dict by weight, or a nest of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable):  # of a dict, the keys; the weights are of no use here
        for item in value:
            yield from strings(item)


def given_names() -> Iterator[str]:
    """Every given name as Faker writes it, of all locales: the attributes `first_…`, romanized ones included."""
    person = importlib.import_module("faker.providers.person")
    for module in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for attribute in dir(provider):
            value = getattr(provider, attribute)
            # a property or method draws from the lists that are read here anyway
            if attribute.startswith("first_") and isinstance(value, (tuple, list, dict)):
                yield from strings(value)


def latin(text: str) -> str:
    """Lower case without diacritics: NFKD, marks taken off, then LETTERS. Other scripts stay as they are."""
    apart = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(LETTERS)


def names_in(text: str) -> list[str]:
    """The names in one of Faker's: 'Anne-Sophie' → anne, sophie; "Ndung'u" → ndungu; 'Иван' → nothing.

    A name with anything but letters, hyphens, spaces, stops and apostrophes in it is damaged and gives nothing.
    Of the parts, initials, particles, titles, other scripts, lengths outside 2 to 15 and slips of the key (one
    letter three times running) are dropped.
    """
    joined = "".join(c for c in unicodedata.normalize("NFC", text) if c not in APOSTROPHES)
    if not all(c.isalpha() or unicodedata.combining(c) or c in " -." for c in joined):
        return []
    parts = re.split(r"[\s.-]+", latin(joined).strip(" .-"))
    if len(parts) > 1:
        parts = [part for part in parts if part not in PARTICLES]
    return [
        part
        for part in parts
        if re.fullmatch(f"[a-z]{{{MIN_LENGTH},{MAX_LENGTH}}}", part)
        and part not in NOT_NAMES
        and not re.search(r"(.)\1\1", part)
    ]


def main() -> None:
    """Write names.txt beside this file: sorted, distinct, one a line."""
    try:
        names = sorted({name for text in given_names() for name in names_in(text)})
    except ModuleNotFoundError as error:
        sys.exit(f"{error}: pip install faker==40.54.0")
    OUT.write_text("".join(f"{name}\n" for name in names), encoding="ascii", newline="\n")
    print(f"{OUT}: {len(names)} names")


if __name__ == "__main__":
    main()
