"""tokenizer.json of a Llama: SentencePiece's pieces as the library `tokenizers` keeps them, merges for scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trainer.documents import SHORT, checked
from trainer.errors import InputError
from trainer.extras import Extra, needed
from trainer.formats.llama_checkpoint import Vocabulary
from trainer.text.sentencepiece import BYTES, PieceTokenizer

SPACE = "▁"
"""The character that represents a space in the file."""

PREPEND = [
    {"type": "Prepend", "prepend": SPACE},
    {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
]
METASPACE = {"type": "Metaspace", "replacement": SPACE}
SPLITS = {"prepend_scheme": ("first", "always"), "split": (False, True)}
"""The two ways to begin a text with a space and leave all else alone: PREPEND, or METASPACE with one of SPLITS."""

STEPS = (1, 3, 7, 31, 101)
"""Which tokens are tried after each one."""

Size = Annotated[int, Meta(ge=0)]


class Added(Struct, frozen=True):
    """A token that is cut out of a text before anything else: here one that no text has."""

    id: Size
    content: str
    special: bool


class Bpe(Struct, frozen=True, kw_only=True):
    """The model. A merge is a pair, which older files keep as one text with a space between."""

    type: Literal["BPE"]
    byte_fallback: bool
    vocab: dict[str, Size]
    merges: list[tuple[str, str] | str]
    dropout: None = None
    continuing_subword_prefix: None = None
    end_of_word_suffix: None = None
    ignore_merges: bool = False


class Document(Struct, frozen=True, kw_only=True):
    """tokenizer.json, but for what happens before and after the text is encoded."""

    model: Bpe
    added_tokens: list[Added] = []
    normalizer: Any = None
    pre_tokenizer: Any = None


def read_vocabulary(fields: object, bos: int, eos: int | None, size: int) -> Vocabulary:
    """The pieces of tokenizer.json. A piece's score is minus the rank of the first merge that makes it.

    fields: what the file holds; bos, eos (none: bos) and size, vocab_size: of config.json. Raises InputError,
    naming the field, when it is another kind of tokenizer, or these scores would encode otherwise than its merges.
    """
    document = checked(fields, Document)
    _check_kind(document)
    special = _special(document)
    numbers = document.model.vocab | special
    if sorted(numbers.values()) != list(range(size)):
        raise InputError(
            f"model.vocab and added_tokens are not the tokens 0 to {size - 1} of config.json's vocab_size"
        )
    merges = _merges(document.model, special)
    if missing := [name.decode() for name in BYTES if name.decode() not in numbers]:
        raise InputError(f"model.vocab lacks {missing[0]!r}: with byte_fallback there are 256 of them")
    eos, silent = bos if eos is None else eos, frozenset(special.values())
    for name, token in (("bos_token_id", bos), ("eos_token_id", eos)):
        if token not in silent:
            raise InputError(f"{name} of config.json is {token!r}: it must be a special token of added_tokens")
    if SPACE not in numbers:
        raise InputError(f"model.vocab lacks {SPACE!r}, which begins every text")
    ordered = sorted(numbers, key=numbers.__getitem__)
    scores = _scores(merges)
    texts = [piece.replace(SPACE, " ").encode() for piece in ordered]
    vocabulary = Vocabulary(texts, [scores.get(piece, -float(len(merges))) for piece in ordered], bos, eos, silent)
    _check_order(vocabulary, document, merges)
    return vocabulary


def _check_kind(document: Document) -> None:
    """Raises InputError unless texts are encoded as they are, but for a space before them."""
    model, spaces = document.model, (document.normalizer, document.pre_tokenizer)
    for name, value in (("byte_fallback", True), ("ignore_merges", False)):
        if getattr(model, name) is not value:
            raise InputError(f"model.{name} is {not value}: it must be {value}")
    if not (_prepends(*spaces) or _splits(*spaces)):
        kinds = [SHORT.repr(kind.get("type") if isinstance(kind, dict) else kind) for kind in spaces]
        raise InputError(
            f"normalizer is {kinds[0]}, pre_tokenizer {kinds[1]}: they must begin a text with a space, "
            f"write {SPACE} for spaces, and do no more"
        )


def _prepends(normalizer: object, pre_tokenizer: object) -> bool:
    return normalizer == {"type": "Sequence", "normalizers": PREPEND} and pre_tokenizer is None


def _splits(normalizer: object, pre_tokenizer: object) -> bool:
    if normalizer is not None or not isinstance(pre_tokenizer, dict):
        return False
    choices = {name: pre_tokenizer.get(name, kinds[-1]) for name, kinds in SPLITS.items()}
    known = all(choices[name] in kinds for name, kinds in SPLITS.items())
    return known and pre_tokenizer == METASPACE | {name: choices[name] for name in SPLITS if name in pre_tokenizer}


def _merges(model: Bpe, special: Mapping[str, int]) -> list[tuple[str, str]]:
    """The pairs. Raises InputError where one is not, or makes or takes what is no piece of a text."""
    pairs = []
    for number, merge in enumerate(model.merges):
        pair = tuple(merge.split(" ")) if isinstance(merge, str) else merge
        if len(pair) != 2:
            raise InputError(f"model.merges[{number}] is {SHORT.repr(merge)}: it must be two texts")
        left, right = pair
        shown = f"model.merges: {SHORT.repr(left)} and {SHORT.repr(right)} are merged"
        if not special.keys().isdisjoint((left, right, left + right)):
            raise InputError(f"{shown}, but one or their sum is of added_tokens, which are no pieces of a text")
        if not {left, right, left + right} <= model.vocab.keys():
            raise InputError(f"{shown}, but one or their sum is no token")
        pairs.append((left, right))
    return pairs


def _special(document: Document) -> dict[str, int]:
    """Text and number of the tokens that print nothing; model.vocab may have them too."""
    special: dict[str, int] = {}
    for token in document.added_tokens:
        shown = SHORT.repr(token.content)
        if document.model.vocab.get(token.content, token.id) != token.id:
            raise InputError(f"added_tokens has {shown} with id {token.id}, and model.vocab with another")
        if special.setdefault(token.content, token.id) != token.id:
            raise InputError(f"added_tokens has {shown} with two ids")
        if not token.special:
            raise InputError(f"added_tokens has {shown}, which is not special: texts that are cut out are not read")
    return special


def _scores(merges: Sequence[tuple[str, str]]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for rank, (left, right) in enumerate(merges):
        scores.setdefault(left + right, -float(rank))
    return scores


def _check_order(vocabulary: Vocabulary, document: Document, merges: Sequence[tuple[str, str]]) -> None:
    """Raises InputError unless every token, and every one before some others, is encoded as the library does it."""
    with needed(Extra.TOKENS, "tokenizer.json"):
        from tokenizers import Tokenizer as Library

    kind = {"type": "BPE", "byte_fallback": True, "unk_token": None, "fuse_unk": False, "dropout": None}
    model = kind | {"vocab": document.model.vocab, "merges": merges}
    none = dict.fromkeys(("truncation", "padding", "post_processor", "decoder"))
    spaces = {"normalizer": document.normalizer, "pre_tokenizer": document.pre_tokenizer}
    plain = json.dumps({"version": "1.0", "added_tokens": [], "model": model, **none, **spaces})
    try:
        library = Library.from_str(plain)
    except Exception as error:  # it raises nothing more special
        raise InputError(f"the library `tokenizers` does not read it: {SHORT.repr(str(error))}") from error
    pieces = tuple(zip(vocabulary.texts, vocabulary.scores, strict=True))
    ours = PieceTokenizer(("",) * len(pieces), pieces=pieces)
    for text in _probes(vocabulary):
        if ours.encode(text)[1:-1] != library.encode(text).ids:
            raise InputError(f"model.merges: scores of pieces would not encode {SHORT.repr(text)} as they do")


def _probes(vocabulary: Vocabulary) -> Iterator[str]:
    """Each piece that can be typed, alone and before others; the space that begins one is that of every text."""
    others = [text for token, text in enumerate(vocabulary.texts) if token not in vocabulary.silent]
    typed = [text.decode() for text in others if text not in BYTES]
    for number, text in enumerate(typed):
        yield text.lstrip(" ")
        for step in STEPS:
            yield (text + typed[(step * number + 3) % len(typed)]).lstrip(" ")
