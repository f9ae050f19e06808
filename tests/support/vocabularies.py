"""Vocabularies of pieces with scores, and texts to split into them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from tests.support.llama_files import STORIES_TOKENIZER, Vocabulary, vocabulary
from trainer.text.alphabet import NEWLINE
from trainer.text.sentencepiece import PieceTokenizer, symbol_of

LATIN = "".join(map(chr, range(0xA0, 0x100)))
ASCII = "".join(map(chr, range(32, 127)))
KINDS = {
    "few letters": " abcdefgh.,",
    "ASCII": ASCII + NEWLINE,
    "Latin-1": ASCII + LATIN,
    "signs": " abé“”…😀🎈日\n",
}
VOCABULARIES = {
    "sums of pieces": lambda: vocabulary(420),
    "equal scores": lambda: vocabulary(420, 1, lambda rank: -float(rank % 3)),
    "scores in disorder": lambda: vocabulary(420, 2, lambda rank: float(np.sin(rank) * 1e3)),
    "scores too low to join": lambda: vocabulary(420, 3, lambda rank: -1e10 if rank % 2 else 0.1 * rank),
} | ({"stories": lambda: read_file(STORIES_TOKENIZER)} if STORIES_TOKENIZER.exists() else {})


def read_file(path: Path) -> Vocabulary:
    """A tokenizer's file, by hand; 512 pieces."""
    data, at, texts, scores = path.read_bytes(), 4, [], []
    while at < len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        scores.append(float(np.frombuffer(data, "<f4", 1, at)[0]))
        texts.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return Vocabulary(texts, scores)


@cache
def both(kind: str) -> tuple[Vocabulary, PieceTokenizer]:
    """A vocabulary in the file's order, and the tokenizer with ours: BOS, 1 in the file, is last."""
    words = VOCABULARIES[kind]()
    others = list(zip(words.texts, words.scores, strict=True))
    del others[1]
    return words, PieceTokenizer([symbol_of(text) for text, _ in others], pieces=others)


def random_texts(characters: str, n: int, longest: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    lengths = random.integers(0, longest + 1, n)
    return ["".join(random.choice(list(characters), length)) for length in lengths]
