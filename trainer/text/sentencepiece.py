"""Text as the pieces of a Llama vocabulary: of two neighbours that together are a piece, the best pair is joined.

The rule is that of llama2.c's `encode`, https://github.com/karpathy/llama2.c, run.c: SentencePiece's BPE by scores.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import pairwise

from trainer.text.alphabet import FONT, NEWLINE, PLAIN
from trainer.text.tokenizer import Tokenizer

Pieces = Sequence[tuple[bytes, float]]
"""Text and score of every token except BOS, in token order."""

MIN_SCORE = -1e10
"""Pieces of this score or less are never joined."""

BYTES = {f"<0x{byte:02X}>".encode(): byte for byte in range(256)}
"""Names of the pieces that represent one byte each, of characters that are no piece."""

LAST_BYTES = {0x9C: '"', 0x9D: '"', 0x98: "'", 0x99: "'", 0x93: "-", 0x94: "-"}
"""The character that a typographic sign's last byte prints when it comes alone: of “ ” ‘ ’ – —, E2 80 before it."""

SPACE = b" "


@dataclass(frozen=True)
class PieceTokenizer(Tokenizer):
    """Token t is pieces[t] in text and prints symbols[t]; two tokens may print the same, and one nothing."""

    pieces: Pieces = ()

    def decode(self, tokens: Iterable[int]) -> str:
        """The printed text of a token sequence: BOS is silent, and takes the space that follows it with it."""
        text, previous = "", -1
        for token in tokens:
            if token != self.bos:
                symbol = self.symbols[token]
                text += symbol.removeprefix(" ") if previous == self.bos else symbol
            previous = token
        return text

    def _tokens(self, text: str) -> list[int]:
        """A space, then the text's characters, or their bytes where they are no piece; then the best pair of
        neighbours is joined, the first of equals, as long as there is one.
        """
        if not text:
            return []
        tokens = [self._numbers_of[SPACE]]
        try:
            for character in text:
                tokens += self._of_character(character)
        except (KeyError, UnicodeEncodeError) as error:
            raise self._lacking([text]) from error
        return self._joined(tokens)

    def _of_character(self, character: str) -> list[int]:
        """Its piece, or those of its bytes. Raises KeyError or UnicodeEncodeError when there are none."""
        code = character.encode()
        if (token := self._numbers_of.get(code)) is not None:
            return [token]
        return [self._byte_tokens[byte] for byte in code]

    def _knows(self, character: str) -> bool:
        try:
            return bool(self._of_character(character))
        except (KeyError, UnicodeEncodeError):
            return False

    def _joined(self, tokens: list[int]) -> list[int]:
        """A heap instead of a scan for each pair: (−score, place), and the tokens there when it was seen."""
        after, before = list(range(1, len(tokens) + 1)), list(range(-1, len(tokens) - 1))
        end, gone = len(tokens), -1
        heap = [
            (-score, place, *pair, whole)
            for place, pair in enumerate(pairwise(tokens))
            if (found := self._join(*pair)) is not None
            for whole, score in (found,)
        ]
        heapify(heap)
        while heap:
            _, place, left, right, whole = heappop(heap)
            following = after[place]
            if tokens[place] != left or following == end or tokens[following] != right:
                continue
            tokens[place], tokens[following] = whole, gone
            after[place] = after[following]
            if after[place] < end:
                before[after[place]] = place
            for start, stop in ((before[place], place), (place, after[place])):
                if start >= 0 and stop < end and (found := self._join(tokens[start], tokens[stop])) is not None:
                    heappush(heap, (-found[1], start, tokens[start], tokens[stop], found[0]))
        return [token for token in tokens if token != gone]

    def _join(self, left: int, right: int) -> tuple[int, float] | None:
        """The token of two neighbours and its score."""
        whole = self._numbers_of.get(self.pieces[left][0] + self.pieces[right][0])
        if whole is None or self.pieces[whole][1] <= MIN_SCORE:
            return None
        return whole, self.pieces[whole][1]

    @cached_property
    def _numbers_of(self) -> Mapping[bytes, int]:
        return {text: token for token, (text, _) in enumerate(self.pieces)}

    @cached_property
    def _byte_tokens(self) -> Mapping[int, int]:
        return {byte: self._numbers_of[name] for name, byte in BYTES.items() if name in self._numbers_of}


def symbol_of(piece: bytes) -> str:
    """The text that the cartridge prints for a piece: characters that the font lacks in a plain form, or as `?`.

    A piece that represents a byte prints an ASCII character or a newline, and nothing if it begins a character
    of several bytes; the others of those print what LAST_BYTES says, or `?`.
    """
    byte = BYTES.get(piece)
    if byte is None:
        return "".join(map(_plain, piece.decode(errors="replace")))
    if byte < 0x80:
        return chr(byte) if chr(byte) in FONT or chr(byte) == NEWLINE else ""
    return LAST_BYTES.get(byte, "?") if byte < 0xC0 else ""


def _plain(character: str) -> str:
    if character in FONT or character == NEWLINE:
        return character
    plain = PLAIN.get(character) or unicodedata.normalize("NFKD", character)
    return plain if set(plain) <= FONT else "?"
