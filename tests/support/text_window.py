"""The window of text.asm and story_text.asm, its twin: the same words of memory after every token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

ROW_BYTES, SCREEN_WORDS, CARRY_WORDS = 64, 32 * 28, 32
STRIP_BYTES = 256
TALL, HALVES = 0x100, 0x300
"""What an ink has for tall letters, and what turns the tile of an upper half into that of the lower one."""

LIT, FROM_EDGE = 16, 248
"""Of turn_page: from this brightness on a page is seen to turn, and where its edge begins."""

SPACE, NEWLINE = " ", "\n"


@dataclass
class TextWindow:
    """State by the names of memory.inc; offsets in bytes, width in tiles. texts: what each token prints.

    text_pitch: from a line to the next, two rows where the ink has TALL.
    """

    texts: Sequence[str]
    text_first: int
    text_last: int
    text_width: int
    ink: int = 0
    text_pitch: int = ROW_BYTES
    fade: int = LIT
    page_edge: int = 0
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
        for row in range(self.text_first, self.text_last + self.text_pitch, ROW_BYTES):
            self.screen[row // 2 : row // 2 + self.text_width] = [ord(SPACE)] * self.text_width
        self.strips_dirty = [1] * 7
        self.text_kept = 0
        self._begin_line(self.text_first)

    def put_token(self, token: int) -> bool:
        """Write it; True when the window is full."""
        return self.put_text(self.begins(token))

    def begins(self, token: int) -> int:
        """Where its text does."""
        return sum(len(text) + 1 for text in self.texts[:token])

    def next_page(self) -> bool:
        """The word that was being written, and what is left of the token, begin it."""
        if self.fade >= LIT and not self.page_edge:
            self.page_edge = FROM_EDGE
        kept = self.text_kept
        self.begin_text()
        self.text_kept = kept
        self._put_kept()
        return self.put_text(self.text_rest)

    def tiles(self) -> list[list[int]]:
        """The window's rows on the screen, two for a line of tall letters."""
        rows = range(self.text_first // 2, (self.text_last + self.text_pitch) // 2, ROW_BYTES // 2)
        return [self.screen[row : row + self.text_width] for row in rows]

    def rows(self) -> list[str]:
        """The window's lines as text."""
        lines = self.tiles()[:: self.text_pitch // ROW_BYTES]
        return ["".join(chr(tile & 0xFF) for tile in line) for line in lines]

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
        self._put_tile(self.text_cursor // 2, ord(character) | self.ink)
        self._touch(self.text_cursor)
        self.text_cursor += 2
        if character == SPACE:
            self.text_word = self.text_cursor
        return False

    def _break_line(self) -> bool:
        first = self.text_cursor if self.text_word == self.text_line else self.text_word
        word = self.screen[first // 2 : self.text_cursor // 2]
        self.text_carry[: len(word)] = word
        for place, tile in enumerate(word, first // 2):
            self.screen[place] = ord(SPACE)
            if tile & TALL:
                self.screen[place + ROW_BYTES // 2] = ord(SPACE)
        self.text_kept = 2 * len(word)
        self._touch(self.text_line)
        if self._next_line():
            return True
        self._put_kept()
        return False

    def _put_kept(self) -> None:
        count = self.text_kept // 2
        for place, tile in enumerate(self.text_carry[:count], self.text_cursor // 2):
            self._put_tile(place, tile)
        self.text_cursor += self.text_kept
        self.text_kept = 0
        self._touch(self.text_line)

    def _put_tile(self, place: int, tile: int) -> None:
        self.screen[place] = tile
        if tile & TALL:
            self.screen[place + ROW_BYTES // 2] = tile ^ HALVES

    def _next_line(self) -> bool:
        if self.text_line == self.text_last:
            return True
        self._begin_line(self.text_line + self.text_pitch)
        return False

    def _begin_line(self, line: int) -> None:
        self.text_line = self.text_word = self.text_cursor = line

    def _touch(self, offset: int) -> None:
        self.strips_dirty[offset // STRIP_BYTES] = 1


def lines_of(text: str, lines: int) -> list[str]:
    """A text in a window as wide as a name's lines; what has no room ends in an ellipsis, a space here."""
    window = TextWindow([text], text_first=0, text_last=(lines - 1) * 64, text_width=29)
    window.begin_text()
    full = window.put_token(0)
    rows = window.rows()
    return [*rows[:-1], rows[-1][:28] + " "] if full else rows
