"""The calls that a library has: its table of jumps, in an order that never changes, and what every include says."""

from __future__ import annotations

from dataclasses import dataclass

BYTES = 4
"""Of an entry of the table."""


@dataclass(frozen=True)
class GameCall:
    """A call by jsl. routine: what the table leads to; wrapped: in the library's own registers.

    takes, gives: registers, 16 bits each; no: what carry set means, if it is ever set. in_handler: whether an
    interrupt handler may call it too.
    """

    name: str
    routine: str
    does: str
    takes: str = ""
    gives: str = ""
    no: str = ""
    in_handler: bool = False
    wrapped: bool = True

    @property
    def where(self) -> str:
        """Where it may be called."""
        return "anywhere" if self.in_handler else "main loop only"

    @property
    def entry(self) -> str:
        """The label that the table jumps to."""
        return f"{self.routine}_call" if self.wrapped else self.routine


CALLS = (
    GameCall("gpt_start", "start_library", "once, before any other call", no="the cartridge has no SA-1"),
    GameCall(
        "gpt_begin",
        "begin_text",
        "begins a text",
        takes="A = seed, X = temperature in tenths (0 to 20), Y = top-p in percent (0 = off)",
    ),
    GameCall("gpt_feed", "feed_token", "gives the text a token", takes="A = the token", no="refused"),
    GameCall(
        "gpt_feed_text",
        "feed_text",
        "gives it a text, all of it or nothing",
        takes="X = address, A = bank, of a text that ends with a zero byte",
        no="refused: an unknown character, too long, or a token is under way",
    ),
    GameCall("gpt_ask", "ask_token", "asks for the next token", no="the text has ended", in_handler=True),
    GameCall("gpt_work", "do_work", "computes what was asked for, and returns when that is done or stopped"),
    GameCall(
        "gpt_look",
        "take_token",
        "takes the token, if it is made: it is given out once",
        gives="A = the token",
        no="there is none yet",
        in_handler=True,
    ),
    GameCall(
        "gpt_next",
        "await_token",
        "asks, works and looks",
        gives="A = the token",
        no="the text has ended, or a handler has stopped it",
    ),
    GameCall("gpt_stop", "forget_request", "takes back what was asked for", in_handler=True),
    GameCall(
        "gpt_progress",
        "progress",
        "how far it is",
        gives="A = steps of the token that are done, of GPT_STEPS; X = tokens of the text so far",
        in_handler=True,
        wrapped=False,
    ),
    GameCall(
        "gpt_text",
        "text_of_token",
        "the text of a token",
        takes="A = the token",
        gives="X = address, A = bank, of its text in Latin-1, which ends with a zero byte",
        in_handler=True,
        wrapped=False,
    ),
    GameCall(
        "gpt_guard",
        "guard",
        "for a handler's begin, in which gpt_handler_begin calls it; A, X and Y are lost",
        in_handler=True,
        wrapped=False,
    ),
)
