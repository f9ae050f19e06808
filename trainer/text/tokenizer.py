"""Text as tokens: characters, or pairs of characters that were merged again and again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise

from trainer.errors import InputError

MAX_WORD = 100
WORD = rf" ?[^ \n]{{1,{MAX_WORD}}}|[ \n]"
"""The units that merges never cross: a word with the space before it, any other space, and a newline, alone.

The time to merge a word grows with the square of its length: a longer one is several.
"""

MAX_TOKEN = 16
"""Characters of a token's text at most."""

MAX_WORDS = 1 << 16
_WORDS = re.compile(WORD)


@dataclass(frozen=True)
class Tokenizer:
    """Token t prints symbols[t]; BOS, the token after the last, begins and ends a document.

    merges: pairs of token texts that become one token, the first that applies first; none: a character a token.
    running: texts are stretches of one running text, which begin and end nowhere.
    """

    symbols: Sequence[str]
    merges: Sequence[tuple[str, str]] = ()
    running: bool = False

    @property
    def bos(self) -> int:
        """The token after the last symbol's."""
        return len(self.symbols)

    @property
    def characters(self) -> str:
        """Every single character it knows, once, in token order."""
        return "".join(dict.fromkeys(symbol for symbol in self.symbols if len(symbol) == 1))

    def encode(self, document: str) -> list[int]:
        """BOS t1 … tn BOS. Raises InputError for a character the alphabet lacks."""
        return [self.bos, *self._tokens(document), self.bos]

    def encode_all(self, texts: Iterable[str], block_size: int) -> Iterator[list[int]]:
        """The sequences that a model of this context reads and predicts of the texts, each BOS and then tokens.

        A document as `encode` has it, whatever its length. Of a running text windows of `block_size` tokens that
        overlap by half, so that every token is met early and late in one. Raises InputError for the characters
        that the alphabet lacks, in all texts.
        """
        step, rest = block_size // 2, iter(texts)
        for text in rest:
            try:
                tokens = self._tokens(text)
            except InputError as error:
                raise self._lacking(chain([text], rest)) from error
            if not self.running:
                yield [self.bos, *tokens, self.bos]
                continue
            for start in range(0, max(len(tokens) - step, 1), step):
                yield [self.bos, *tokens[start : start + block_size]]

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of a token sequence; BOS is silent."""
        return "".join(self.symbols[token] for token in tokens if token != self.bos)

    def n_characters(self, tokens: Iterable[int]) -> int:
        """How many characters the tokens represent, the end of a document counting as one."""
        return sum(1 if token == self.bos else len(self.symbols[token]) for token in tokens)

    def _tokens(self, text: str) -> list[int]:
        try:
            if not self.merges:
                return [self._numbers[character] for character in text]
            return [token for word in _WORDS.findall(text) for token in self._merged(word)]
        except KeyError as error:
            raise self._lacking([text]) from error

    def _knows(self, character: str) -> bool:
        return character in self._numbers

    def _lacking(self, texts: Iterable[str]) -> InputError:
        """Names every character of the texts that the alphabet lacks, and the first text that has one."""
        first, lacking = "", dict[str, None]()
        for text in texts:
            unknown = [character for character in dict.fromkeys(text) if not self._knows(character)]
            first = first or (text if unknown else "")
            lacking |= dict.fromkeys(unknown)
        names = ", ".join(map(repr, lacking))
        return InputError(
            f"the model has no symbol for {names} (in {first[:40]!r}): its alphabet is {self.characters!r}"
        )

    def _merged(self, word: str) -> list[int]:
        """The tokens of a word, remembered: of all pairs in it the one merged first, as long as there is one."""
        if (known := self._words.get(word)) is not None:
            return known
        parts, last = list(word), len(self._ranks)
        ranks = [self._ranks.get(pair, last) for pair in pairwise(parts)]
        while ranks and (first := min(ranks)) < last:
            at = ranks.index(first)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
            del ranks[at]
            for changed in range(max(at - 1, 0), min(at + 1, len(ranks))):
                ranks[changed] = self._ranks.get((parts[changed], parts[changed + 1]), last)
        if len(self._words) >= MAX_WORDS:
            self._words.clear()
        return self._words.setdefault(word, [self._numbers[part] for part in parts])

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {symbol: number for number, symbol in enumerate(self.symbols)}

    @cached_property
    def _ranks(self) -> Mapping[tuple[str, str], int]:
        return {(left, right): rank for rank, (left, right) in enumerate(self.merges)}

    @cached_property
    def _words(self) -> dict[str, list[int]]:
        return {}
