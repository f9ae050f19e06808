"""The window of text.asm and story_text.asm, its twin: the same words of memory after every token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

ROW_BYTES, SCREEN_WORDS, CARRY_WORDS = 64, 32 * 28, 32
STRIP_BYTES = 256
SPACE, NEWLINE = " ", "\n"


@dataclass
class TextWindow:
    """State by the names of memory.inc; offsets in bytes, width in tiles. texts: what each token prints."""

    texts: Sequence[str]
    text_first: int
    text_last: int
    text_width: int
    ink: int = 0
    screen: list[int] = field(default_factory=lambda: [0] * SCREEN_WORDS)
    text_carry: list[int] = field(default_factory=lambda: [0] * CARRY_WORDS)
    strips_dirty: list[int] = field(default_factory=lambda: [0] * 7)
    text_line: int = 0
    text_word: int = 0
    text_cursor: int = 0
    text_kept: int = 0
    text_rest: int = 0

    def begin_text(self) -> None:
        """An empty window."""
        for line in range(self.text_first, self.text_last + 1, ROW_BYTES):
            self.screen[line // 2 : line // 2 + self.text_width] = [ord(SPACE)] * self.text_width
        self.strips_dirty = [1] * 7
        self.text_kept = 0
        self._begin_line(self.text_first)

    def put_token(self, token: int) -> bool:
        """Write it; True when the window is full."""
        return self.put_text(self.begins(token))

    def begins(self, token: int) -> int:
        """Where its text does."""
        return sum(len(text) + 1 for text in self.texts[:token])

    def scroll_text(self) -> bool:
        """Up by a line; what is left goes on in the last one."""
        for line in range(self.text_first // 2, self.text_last // 2, ROW_BYTES // 2):
            below = line + ROW_BYTES // 2
            self.screen[line : line + self.text_width] = self.screen[below : below + self.text_width]
        last = self.text_last // 2
        self.screen[last : last + self.text_width] = [ord(SPACE)] * self.text_width
        self.strips_dirty = [1] * 7
        self._begin_line(self.text_last)
        self._put_kept()
        return self.put_text(self.text_rest)

    def rows(self) -> list[str]:
        """The window's lines as text."""
        return [
            "".join(chr(tile & 0x3FF) for tile in self.screen[line // 2 : line // 2 + self.text_width])
            for line in range(self.text_first, self.text_last + 1, ROW_BYTES)
        ]

    def put_text(self, at: int) -> bool:
        """Puts the text that begins there in the texts, a zero behind each."""
        table = "".join(text + "\0" for text in self.texts)
        while True:
            self.text_rest = at
            if table[at] == "\0":
                return False
            if self._put_character(table[at]):
                return True
            at += 1

    def _put_character(self, character: str) -> bool:
        if character == NEWLINE:
            full = self._next_line()
            self.text_rest += full
            return full
        if self.text_cursor - self.text_line == 2 * self.text_width:
            if character == SPACE:
                self.text_word = self.text_cursor
                return False
            if self._break_line():
                return True
        self.screen[self.text_cursor // 2] = ord(character) | self.ink
        self._touch(self.text_cursor)
        self.text_cursor += 2
        if character == SPACE:
            self.text_word = self.text_cursor
        return False

    def _break_line(self) -> bool:
        first = self.text_cursor if self.text_word == self.text_line else self.text_word
        word = self.screen[first // 2 : self.text_cursor // 2]
        self.text_carry[: len(word)] = word
        self.screen[first // 2 : self.text_cursor // 2] = [ord(SPACE)] * len(word)
        self.text_kept = 2 * len(word)
        self._touch(self.text_line)
        if self._next_line():
            return True
        self._put_kept()
        return False

    def _put_kept(self) -> None:
        count = self.text_kept // 2
        self.screen[self.text_cursor // 2 : self.text_cursor // 2 + count] = self.text_carry[:count]
        self.text_cursor += self.text_kept
        self.text_kept = 0
        self._touch(self.text_line)

    def _next_line(self) -> bool:
        if self.text_line == self.text_last:
            return True
        self._begin_line(self.text_line + ROW_BYTES)
        return False

    def _begin_line(self, line: int) -> None:
        self.text_line = self.text_word = self.text_cursor = line

    def _touch(self, offset: int) -> None:
        self.strips_dirty[offset // STRIP_BYTES] = 1
