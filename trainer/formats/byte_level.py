"""GPT-2's byte-level BPE, from tokenizer.json, or from vocab.json and merges.txt, as texts that a cartridge shows.

https://github.com/openai/gpt-2, src/encoder.py: a text is cut into words, the bytes of a word are tokens, and of
all pairs of neighbours the one merged first becomes one, as long as there is one. `Tokenizer` does the same with
characters. docs/import.md says where its words differ, and with them the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from trainer.documents import SHORT, checked, from_json, reading
from trainer.errors import InputError
from trainer.files import read_file
from trainer.formats.gpt2_checkpoint import Vocabulary
from trainer.text.alphabet import FONT, NEWLINE
from trainer.text.tokenizer import MAX_TOKEN, Tokenizer

WHOLE = "the vocabulary of a GPT-2's folder is tokenizer.json, or vocab.json and merges.txt"
LARGEST_VOCABULARY = 4 << 20
"""Bytes of JSON or merges: those of 50,257 tokens are in 3.6 million."""

END = "<|endoftext|>"
SHOWN = FONT | {NEWLINE}

WORDS = re.compile(r"'(?:s|t|re?|ve?|m|ll?|d)| ?(?:[^\W\d_]+|\d+|(?:[^\s\w]|_)+)|[ \n]")
"""The texts that lie in one of GPT-2's words, whatever is around them; of contractions also what begins them."""

Token = Annotated[int, Meta(ge=0, le=1 << 20)]
Pair = tuple[str, str]


def _letters() -> dict[str, int]:
    """Character → byte: GPT-2 writes the bytes that print as themselves, the others as what follows U+00FF."""
    prints = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in prints]
    return {chr(byte): byte for byte in prints} | {chr(256 + n): byte for n, byte in enumerate(others)}


LETTERS = _letters()


class Bpe(Struct, frozen=True, kw_only=True):
    """The model in tokenizer.json. A merge is a pair, which older files keep as one text with a space between."""

    vocab: dict[str, Token]
    merges: list[Pair | str]
    type: Literal["BPE"] = "BPE"
    dropout: None = None
    continuing_subword_prefix: Literal[""] | None = None
    end_of_word_suffix: Literal[""] | None = None
    byte_fallback: bool = False
    ignore_merges: bool = False


class ByteLevel(Struct, frozen=True, kw_only=True):
    """What cuts a text into words: GPT-2's regular expression."""

    type: Literal["ByteLevel"]
    add_prefix_space: bool
    use_regex: bool = True


class Nfc(Struct, frozen=True):
    """Letters with their accents in one character, as every text is read here."""

    type: Literal["NFC"]


class Added(Struct, frozen=True):
    """A token that no text is encoded as."""

    id: Token
    content: str
    special: bool


class Document(Struct, frozen=True, kw_only=True):
    """tokenizer.json, but for what happens after a text is encoded."""

    model: Bpe
    pre_tokenizer: ByteLevel
    normalizer: Nfc | None = None
    added_tokens: list[Added] = []


@dataclass(frozen=True)
class Encoding:
    """A vocabulary: the number of every token, the merges by rank, and the tokens that no text is encoded as."""

    tokens: Mapping[str, int]
    merges: Sequence[Pair]
    special: frozenset[str]


def read_encoding(folder: Path) -> Encoding:
    """The vocabulary in a folder. Raises InputError, naming file and field, when it is no byte-level BPE."""
    at = folder / "tokenizer.json"
    if at.exists() or not (folder / "vocab.json").exists():
        data = read_file(at, LARGEST_VOCABULARY, WHOLE)
        with reading(at):
            return _of_document(checked(from_json(data), Document))
    at = folder / "vocab.json"
    data = read_file(at, LARGEST_VOCABULARY, WHOLE)
    with reading(at):
        tokens = checked(from_json(data), dict[str, Token], "it")
    at = folder / "merges.txt"
    data = read_file(at, LARGEST_VOCABULARY, WHOLE)
    with reading(at):
        return _encoding(tokens, _lines(data), frozenset())


def _of_document(document: Document) -> Encoding:
    model, words = document.model, document.pre_tokenizer
    needed = {
        "model.byte_fallback": model.byte_fallback is False,
        "model.ignore_merges": model.ignore_merges is False,
        "pre_tokenizer.add_prefix_space": words.add_prefix_space is False,
        "pre_tokenizer.use_regex": words.use_regex is True,
    }
    for name, right in needed.items():
        if not right:
            raise InputError(f"{name} is not what GPT-2 has: it must be {name == 'pre_tokenizer.use_regex'}")
    added = {token.content: token.id for token in document.added_tokens}
    if ordinary := [token.content for token in document.added_tokens if not token.special]:
        raise InputError(
            f"added_tokens has {SHORT.repr(ordinary[0])}, which is not special: texts that are cut out are not read"
        )
    return _encoding(model.vocab | added, model.merges, frozenset(added))


def _lines(data: bytes) -> list[str]:
    """The merges of merges.txt: one a line, behind a line with its version."""
    try:
        lines = data.decode().replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise InputError("it is not UTF-8 text") from error
    return [line for line in lines[lines[0].startswith("#version") :] if line]


def _encoding(tokens: dict[str, int], merges: Iterable[Pair | str], special: frozenset[str]) -> Encoding:
    """Raises InputError unless every merge is of tokens that are bytes or were merged before."""
    if len(set(tokens.values())) != len(tokens):
        raise InputError("two of its tokens have one number")
    known, pairs = {letter for letter in LETTERS if letter in tokens}, []
    if lacking := [byte for letter, byte in LETTERS.items() if letter not in tokens and chr(byte) in SHOWN]:
        raise InputError(f"it has no token for the byte {lacking[0]:#x}, of {chr(lacking[0])!r}")
    for number, merge in enumerate(merges):
        pair = tuple(merge.split(" ")) if isinstance(merge, str) else merge
        if len(pair) != 2:
            raise InputError(f"merge {number} is {SHORT.repr(merge)}: it must be two texts")
        left, right = pair
        if not {left, right} <= known or left + right not in tokens:
            shown = f"{SHORT.repr(left)} and {SHORT.repr(right)}"
            raise InputError(
                f"merge {number} is of {shown}: both must be bytes or merged before, their sum a token"
            )
        known.add(left + right)
        pairs.append((left, right))
    return Encoding(tokens, pairs, special | (tokens.keys() - known))


def vocabulary_of(encoding: Encoding, text: str | None, bos: int | None, eos: int | None) -> Vocabulary:
    """The tokens that the cartridge can show, and of these those that a text uses if there is one.

    A token it cannot show is left out: one that is special, is no whole characters, or has one that the font lacks
    or more than MAX_TOKEN. bos, eos: of config.json, where they are special tokens; END goes before them.
    """
    shown = {token: _text(token) for token in encoding.tokens if token not in encoding.special}
    texts = {token: found for token, found in shown.items() if found is not None}
    merges = [
        (texts[left], texts[right])
        for left, right in encoding.merges
        if {left, right, left + right} <= texts.keys() and WORDS.fullmatch(texts[left + right])
    ]
    kept = set(texts.values()) if text is None else used(list(texts.values()), merges, text)
    order = sorted((number, texts[token]) for token, number in encoding.tokens.items() if texts.get(token) in kept)
    silent = {encoding.tokens[token] for token in encoding.special}
    ends = encoding.tokens.get(END)
    begins, stops = (
        (ends, ends) if ends is not None else (number if number in silent else None for number in (bos, eos))
    )
    return Vocabulary(
        [found for _, found in order],
        [number for number, _ in order],
        [pair for pair in merges if {*pair, "".join(pair)} <= kept],
        begins,
        begins if stops is None else stops,
    )


def used(texts: Sequence[str], merges: Sequence[Pair], text: str) -> set[str]:
    """The tokens of a text, those they were merged from, and the newline."""
    tokenizer = Tokenizer(texts, merges)
    found = {texts[token] for token in tokenizer.encode(text)[1:-1]} | {NEWLINE}
    for left, right in reversed(merges):
        if left + right in found:
            found |= {left, right}
    return found


def _text(token: str) -> str | None:
    """What a token prints; None for what the cartridge cannot show."""
    try:
        text = bytes(LETTERS[letter] for letter in token).decode()
    except (KeyError, UnicodeDecodeError):
        return None
    return text if 0 < len(text) <= MAX_TOKEN and set(text) <= SHOWN else None
