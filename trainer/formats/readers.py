"""The readers of models that other programs wrote. A new one is a file beside this one, and its line here."""

from __future__ import annotations

from pathlib import Path

from trainer.formats import hugging_face, hugging_face_gpt2, llama2c, nanogpt, safetensors
from trainer.formats.reader import Options
from trainer.weights import Weights

READERS = (
    nanogpt.READER,
    hugging_face_gpt2.READER,
    hugging_face.READER,
    llama2c.READER,
    safetensors.READER,
)
"""The first that recognizes a file reads it; the last recognizes all."""


def read_model(path: Path, options: Options) -> Weights:
    """The model in a file or folder of any kind. Raises InputError for what its reader refuses."""
    reader = next(reader for reader in READERS if reader.recognizes(path))
    return reader.read(path, options)
