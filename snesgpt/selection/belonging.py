"""Whether a text, weights and a model belong together: by their fingerprints. For a ROM: verify/find_model.py.

Files made before there were fingerprints are compared by what they have: the number of documents, the shape.
"""

from __future__ import annotations

from quantize.model import IntegerModel
from trainer.errors import InputError
from trainer.text.corpus import Corpus
from trainer.weights import Weights


def learned_from(weights: Weights, text: Corpus) -> bool | None:
    """Whether a model was trained on this text; None where nothing is known of its text."""
    info = weights.info
    if digest := info.get("text_digest"):
        return bool(digest == text.digest)
    if "n_documents" in info:
        return bool(len(text.documents) == info["n_documents"] + info.get("n_held_out", 0))
    return None


def check_same(weights: Weights, model: IntegerModel) -> None:
    """Raises InputError when a model was not made of these weights."""
    same = weights.config == model.config
    same &= (weights.symbols, weights.merges, weights.pieces) == (model.symbols, model.merges, model.pieces)
    if not same or model.info.get("weights_digest", weights.digest) != weights.digest:
        raise InputError("the float weights are of another model than the integer one: quantize them again")
