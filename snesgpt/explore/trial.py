"""One point of an exploration: trained, turned into integers, measured; and the speed and size to expect of it."""

from __future__ import annotations

import json
import math
import os
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np

from asm.cost.predict import predict
from asm.targets.stock import MASTER_CLOCK
from quantize.executor import Executor, loss
from snesgpt.explore.results import Row
from snesgpt.explore.trials import Point, label
from snesgpt.selection.kernel_choice import choose
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import scratch_folder
from trainer.model.decoder import loss_per_token
from trainer.notes import Notes
from trainer.text.bpe import learn_pairs
from trainer.text.corpus import LINES, read_corpus, split
from trainer.text.splitting import Reading
from trainer.text.tokenizer import Tokenizer
from trainer.training.packing import Documents
from trainer.training.train import Settings, train
from trainer.weights import Weights

LARGEST_ROM = 4096
"""KiB."""


@dataclass(frozen=True)
class Text:
    """A text as it goes to the workers: its documents, not its path, which another machine may not have.

    characters: every one in it, once.
    """

    name: str
    training: tuple[str, ...]
    held_out: tuple[str, ...]
    characters: str
    reading: Reading = LINES

    def tokenizer(self, tokens: int = 0) -> Tokenizer:
        """A tokenizer of `tokens` tokens, learned once from its training part; 0: a character each.

        Raises InputError as learn_pairs does.
        """
        if tokens not in self._tokenizers:
            self._tokenizers[tokens] = (
                learn_pairs(self.training, self.characters, tokens, self.reading.running)
                if tokens
                else Tokenizer(self.characters, running=self.reading.running)
            )
        return self._tokenizers[tokens]

    @cached_property
    def _tokenizers(self) -> dict[int, Tokenizer]:
        return {}

    @property
    def digest(self) -> str:
        """16 hex digits: the same for the same documents, whatever their order in the file."""
        whole = json.dumps([self.training, self.held_out, *(["stream"] if self.reading.running else [])])
        return blake2b(whole.encode(), digest_size=8).hexdigest()


def read_text(path: Path, reading: Reading = LINES) -> Text:
    """The documents of a file, a tenth held out. Raises InputError as read_corpus and split do."""
    corpus = read_corpus(path, reading)
    training, held_out = split(corpus.documents, reading=reading)
    name = os.fsencode(path.name).decode(errors="replace")
    return Text(name, tuple(training), tuple(held_out), corpus.symbols, reading)


def pack(text: Text) -> bytes:
    """A text as few bytes, for the way to a cluster."""
    parts = [text.name, text.training, text.held_out, text.characters, text.reading.notes]
    return zlib.compress(json.dumps(parts).encode())


def unpack(packed: bytes) -> Text:
    """Inverse of pack."""
    name, training, held_out, characters, notes = json.loads(zlib.decompress(packed))
    return Text(name, tuple(training), tuple(held_out), characters, Reading.of(notes))


def empty_row(point: Point, text_name: str, digest: str) -> Row:
    """A row that says which point it is of, and nothing else yet."""
    identity = point.identity()
    return {"text": digest, "data": text_name, "label": label(identity), "point": identity}


def run_point(point: Point, text: Text) -> Row:
    """The row of a point: its results and how many seconds it took, or its `error` in one line.

    Nothing that goes wrong in a point may end an exploration, so every exception becomes such a line.
    """
    begun = time.perf_counter()
    row = empty_row(point, text.name, text.digest)
    try:
        row |= measure_point(point, text)
    except InputError as error:
        row["error"] = str(error)
    except Exception as error:
        row["error"] = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return row | {"took": round(time.perf_counter() - begun, 3)}


def measure_point(point: Point, text: Text) -> Row:
    """Train it and measure it. Raises InputError when a stage refuses."""
    weights, steps = train_point(point, text)
    documents = list(weights.tokenizer.encode_all(text.held_out, weights.config.block_size))
    return {"n_params": weights.config.n_params, "steps": steps} | measure(weights, point.kernel, documents)


def measure(weights: Weights, kernel: str, documents: Sequence[Sequence[int]]) -> Row:
    """Quantized: the loss on held-out documents (tokens), and the speed and size of the cartridge, unbuilt.

    Losses are nats per character, the end of a document counting as one, so that tokens of any length compare.
    Raises InputError when there is no such cartridge or no loss.
    """
    choice = choose(weights, kernel, LARGEST_ROM)
    model, layout = choice.model, choice.layout
    prediction = predict(layout)
    clocks = prediction.clocks_per_token if prediction else schoolbook_clocks(model.config, documents)
    with np.errstate(over="ignore", invalid="ignore"):
        nll_float = loss_per_token(weights.tensors, weights.config, documents)
    if not math.isfinite(nll_float):
        raise InputError("the float weights are too large for a loss: a lower learning rate is needed")
    read = [document[1 : model.config.block_size + 1] for document in documents]
    length = sum(map(weights.tokenizer.n_characters, read)) / sum(map(len, read))
    return {
        "active_hidden": weights.info["active_hidden"],
        "nll_float": nll_float / length,
        "nll_integer": loss(Executor(model), documents) / length,
        "characters_per_token": length,
        "kernel": "digits" if layout.digits else "schoolbook",
        "why": "" if layout.digits else choice.reasons[0],
        "clocks_per_token": round(clocks),
        "tokens_per_second": MASTER_CLOCK / clocks,
        "rom_bytes": layout.image_bytes,
    }


def train_point(point: Point, text: Text) -> tuple[Weights, int]:
    """The weights of a point after its seconds of training, and how many steps these were.

    All the exploration knows of the trainer: a setting that a preset has and Settings has too is handed on.
    """
    recipe, tokenizer = point.recipe, text.tokenizer(point.tokens)
    config = recipe.config(tokenizer.bos + 1)
    documents = Documents(tokenizer.encode_all(text.training, config.block_size), config.block_size)
    config = replace(config, memory=recipe.memory(documents, config.bos))
    shared = {field.name: getattr(recipe, field.name) for field in fields(Settings) if hasattr(recipe, field.name)}
    shared |= {"config": config, "seed": point.seed, "time_budget": point.seconds}
    with scratch_folder() as folder:
        checkpoint = folder / "checkpoint.npz"
        result = train(text.training, text.held_out, tokenizer, Settings(**shared), checkpoint)
    info: Notes = {"temperature": recipe.temperature, "active_hidden": result.active, **text.reading.notes}
    return Weights(config, tokenizer.symbols, result.tensors, info, tokenizer.merges), result.steps


SCHOOLBOOK = (250_000, 1640)
"""Clocks of the schoolbook cartridge for a token, and for each of its products: docs/explore.md."""


def schoolbook_clocks(config: ModelConfig, documents: Sequence[Sequence[int]]) -> float:
    """Clocks per token of the schoolbook kernel, which is not predicted: within 3 % of five shapes.

    documents, as tokens: attention is counted over as many positions as their tokens have before them.
    """
    shapes = config.tensor_shapes()
    matrices = sum(math.prod(shapes[name]) for name in config.matrices)
    lengths = np.array([min(len(document) - 1, config.block_size) for document in documents])
    seen = (lengths * (lengths + 1) / 2).sum() / lengths.sum()
    token, product = SCHOOLBOOK
    return float(token + product * (matrices + 2 * config.n_layer * config.n_embd * seen))
