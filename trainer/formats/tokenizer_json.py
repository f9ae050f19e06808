"""tokenizer.json of a Llama: SentencePiece's pieces as the library `tokenizers` keeps them, merges for scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trainer.errors import InputError
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

MODEL = {
    "type": "BPE",
    "dropout": None,
    "continuing_subword_prefix": None,
    "end_of_word_suffix": None,
    "byte_fallback": True,
    "ignore_merges": False,
}
"""The values that the file's model must have; all but the first and byte_fallback may be missing."""


def read_vocabulary(fields: Mapping[str, Any], config: Mapping[str, Any], size: int) -> Vocabulary:
    """The pieces of tokenizer.json. A piece's score is minus the rank of the first merge that makes it.

    fields, config: what tokenizer.json and config.json hold; size: vocab_size. Raises InputError, naming the field,
    when it is another kind of tokenizer, or these scores would encode otherwise than its merges.
    """
    model = _model(fields)
    numbers, merges = _numbers(model), _merges(model)
    silent = _special(fields, numbers)
    if sorted(numbers.values()) != list(range(size)):
        raise InputError(
            f"model.vocab and added_tokens are not the tokens 0 to {size - 1} of config.json's vocab_size"
        )
    for left, right in merges:
        if not {left, right, left + right} <= numbers.keys():
            raise InputError(f"model.merges: {left!r} and {right!r} are merged, but one or their sum is no token")
    if missing := [name.decode() for name in BYTES if name.decode() not in numbers]:
        raise InputError(f"model.vocab lacks {missing[0]!r}: with byte_fallback there are 256 of them")
    bos = config.get("bos_token_id", 1)
    eos = config.get("eos_token_id", bos)
    for name, token in (("bos_token_id", bos), ("eos_token_id", eos)):
        if not isinstance(token, int) or isinstance(token, bool) or token not in silent:
            raise InputError(f"{name} of config.json is {token!r}: it must be a special token of added_tokens")
    if SPACE not in numbers:
        raise InputError(f"model.vocab lacks {SPACE!r}, which begins every text")
    ordered = sorted(numbers, key=numbers.__getitem__)
    scores = _scores(merges)
    texts = [_text(piece) for piece in ordered]
    vocabulary = Vocabulary(texts, [scores.get(piece, -float(len(merges))) for piece in ordered], bos, eos, silent)
    _check_order(vocabulary, fields, merges)
    return vocabulary


def _model(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    model = fields.get("model")
    if not isinstance(model, dict):
        raise InputError(f"model is {type(model).__name__}: it must be an object")
    for name, value in MODEL.items():
        found = model.get(name, None if name in ("type", "byte_fallback") else value)
        if found != value:
            raise InputError(f"model.{name} is {found!r}: it must be {value!r}")
    spaces = (fields.get("normalizer"), fields.get("pre_tokenizer"))
    if not (_prepends(*spaces) or _splits(*spaces)):
        kinds = [kind.get("type") if isinstance(kind, dict) else kind for kind in spaces]
        raise InputError(
            f"normalizer is {kinds[0]!r}, pre_tokenizer {kinds[1]!r}: they must begin a text with a space, "
            f"write {SPACE} for spaces, and do no more"
        )
    return model


def _prepends(normalizer: object, pre_tokenizer: object) -> bool:
    return normalizer == {"type": "Sequence", "normalizers": PREPEND} and pre_tokenizer is None


def _splits(normalizer: object, pre_tokenizer: object) -> bool:
    if normalizer is not None or not isinstance(pre_tokenizer, dict):
        return False
    choices = {name: pre_tokenizer.get(name, kinds[-1]) for name, kinds in SPLITS.items()}
    known = all(choices[name] in kinds for name, kinds in SPLITS.items())
    return known and pre_tokenizer == METASPACE | {name: choices[name] for name in SPLITS if name in pre_tokenizer}


def _numbers(model: Mapping[str, Any]) -> dict[str, int]:
    vocab = model.get("vocab")
    if not isinstance(vocab, dict) or not all(map(_is_number, vocab.values())):
        raise InputError("model.vocab must be an object of tokens and their numbers")
    return dict(vocab)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _merges(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs, which older files keep as one text with a space between."""
    given = model.get("merges")
    pairs = (
        [pair.split(" ") if isinstance(pair, str) else pair for pair in given] if isinstance(given, list) else None
    )
    if pairs is None or not all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair) for pair in pairs
    ):
        raise InputError("model.merges must be a list of pairs of texts")
    return [(left, right) for left, right in pairs]


def _special(fields: Mapping[str, Any], numbers: dict[str, int]) -> frozenset[int]:
    """The tokens that print nothing; those that model.vocab lacks join `numbers`."""
    added = fields.get("added_tokens", [])
    special = set()
    if not isinstance(added, list):
        raise InputError("added_tokens must be a list")
    for token in added:
        text, number = (token.get("content"), token.get("id")) if isinstance(token, dict) else (None, None)
        if not isinstance(text, str) or not isinstance(number, int) or numbers.setdefault(text, number) != number:
            raise InputError(f"added_tokens has {text!r} with id {number!r}: it must be a text and its number")
        if token.get("special") is not True:
            raise InputError(
                f"added_tokens has {text!r}, which is not special: texts that are cut out are not read"
            )
        special.add(number)
    return frozenset(special)


def _text(piece: str) -> bytes:
    try:
        return piece.replace(SPACE, " ").encode()
    except UnicodeEncodeError as error:
        raise InputError(f"model.vocab has {piece!r}, which is no text") from error


def _scores(merges: Sequence[tuple[str, str]]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for rank, (left, right) in enumerate(merges):
        scores.setdefault(left + right, -float(rank))
    return scores


def _check_order(vocabulary: Vocabulary, fields: Mapping[str, Any], merges: Sequence[tuple[str, str]]) -> None:
    """Raises InputError unless every token, and every one before some others, is encoded as the library does it."""
    from tokenizers import Tokenizer as Library

    model = MODEL | {"vocab": fields["model"]["vocab"], "merges": merges, "unk_token": None, "fuse_unk": False}
    none = dict.fromkeys(("truncation", "padding", "post_processor", "decoder"))
    spaces = {name: fields.get(name) for name in ("normalizer", "pre_tokenizer")}
    library = Library.from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": model, **none, **spaces}))
    pieces = tuple(zip(vocabulary.texts, vocabulary.scores, strict=True))
    ours = PieceTokenizer(("",) * len(pieces), pieces=pieces)
    for text in _probes(vocabulary):
        if ours.encode(text)[1:-1] != library.encode(text).ids:
            raise InputError(f"model.merges: scores of pieces would not encode {text!r} as they do")


def _probes(vocabulary: Vocabulary) -> Iterator[str]:
    """Each piece that can be typed, alone and before others; the space that begins one is that of every text."""
    others = [text for token, text in enumerate(vocabulary.texts) if token not in vocabulary.silent]
    typed = [text.decode() for text in others if text not in BYTES]
    for number, text in enumerate(typed):
        yield text.lstrip(" ")
        for step in STEPS:
            yield (text + typed[(step * number + 3) % len(typed)]).lstrip(" ")
