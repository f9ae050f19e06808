"""`--keep TEXT`: of a large vocabulary the tokens that a text uses."""

from __future__ import annotations

from pathlib import Path

from trainer.errors import InputError
from trainer.text.splitting import Reading


def text_to_keep(path: Path) -> str:
    """The whole text. Raises InputError where there is none, or for characters that the cartridge's font lacks."""
    text = "".join(Reading("stream").read(path))
    if not text:
        raise InputError(f"{path} has no text in it: give one whose tokens shall be kept")
    return text
