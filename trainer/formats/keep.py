"""`--keep TEXT`: of a large vocabulary the tokens that a text uses."""

from __future__ import annotations

from pathlib import Path

from trainer.text.splitting import Reading


def text_to_keep(path: Path) -> str:
    """The whole text. Raises InputError, naming the place, for characters that the cartridge's font lacks."""
    return "".join(Reading("stream").read(path))
