"""The lab page's data: the cartridge that logs all it computes, and the same model as numbers a page can read.

Lists of numbers are flat, row by row, with their shape beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asm.build import Rom, symbols
from asm.cost.predict import predict
from asm.layout import Layout, plan
from asm.memory.log_record import (
    HOST_BLOCK,
    HOST_FIELDS,
    HOST_MAGIC,
    LOG_ADDRESS,
    LOGITS_OFFSET,
    RECORD_WORDS,
    RecordLayout,
    host_field,
)
from quantize.kernels.fused import FrontTable
from quantize.model import IntegerModel
from snesgpt.lab.model import Json, model_data
from snesgpt.lab.row import row_as_code
from snesgpt.selection.belonging import learned_from
from trainer.errors import InputError
from trainer.model.decoder import initial_tensors
from trainer.model.generate import generate
from trainer.text.corpus import NAMES, read_corpus, split
from trainer.weights import Weights

DOCUMENTS = 200
"""Training documents for the page's figures."""

FIRST_SAMPLES, FIRST_TEMPERATURE = 3, 1.0
"""Texts of the untrained model: it has no opinion that a temperature could sharpen."""

SETTINGS = ("steps", "batch_size", "learning_rate", "weight_decay", "digits", "grid", "seed", "data", "preset")
"""Notes of the training that the page tells."""

DIGITS = 6
"""Significant digits of a float weight: a float32 has seven."""


def lab_data(weights: Weights, model: IntegerModel, rom: Rom, documents: Sequence[str]) -> Json:
    """All of lab.json. documents: the training's own, in any number."""
    return {
        **model_data(model),
        "temperature": model.temperature,
        "record": _record(rom.layout, model),
        "host": _host(rom),
        "build": _build(model, rom),
        "training": _training(weights, model),
        "weights": {name: _significant(tensor) for name, tensor in weights.tensors.items()},
        "row": row_as_code(model, rom.layout),
        "documents": list(documents[:DOCUMENTS]),
    }


def _record(layout: Layout, model: IntegerModel) -> Json:
    """The layout of a record of the log: asm.memory.log_record."""
    record = RecordLayout(model, traced=True)
    return {
        "bytes": record.size,
        "words": list(RECORD_WORDS),
        "logits": LOGITS_OFFSET,
        "entries": {
            name: {"offset": offset, "shape": list(entry.shape), "over_positions": entry.over_positions}
            for name, (offset, entry) in record.entries.items()
        },
        "unrecorded": sorted(_unrecorded(model)),
        "capacity": layout.log_capacity,
    }


def _unrecorded(model: IntegerModel) -> set[str]:
    """Intermediates that are never in the console's memory."""
    traced = {entry.name for kernel in model.program for entry in kernel.traced(model.config)}
    return traced - {entry.name for kernel in model.program for entry in kernel.observed(model.config)}


def _host(rom: Rom) -> Json:
    """Offsets in work RAM: docs/host.md."""
    return {
        "block": HOST_BLOCK,
        "magic": HOST_MAGIC.decode(),
        "fields": {name: host_field(name) for name in HOST_FIELDS},
        "log": LOG_ADDRESS,
        "log_bytes": rom.layout.wram.log_bytes,
        "temperature": symbols(rom.debug)["temperature"],
    }


def _build(model: IntegerModel, rom: Rom) -> Json:
    """Facts of the cartridge. predicted: of the one without trace; None for the schoolbook kernel."""
    prediction = predict(plan(rom.layout.proved))
    plain = prediction and {
        "clocks_per_token": round(prediction.clocks_per_token),
        "tokens_per_second": round(prediction.tokens_per_second, 2),
        "stages": {name: round(clocks) for name, clocks in prediction.stages.items()},
    }
    return {
        "id": build_id(rom),
        "rom_bytes": len(rom.image),
        "segments": dict(rom.segments),
        "front_table": any(isinstance(kernel, FrontTable) for kernel in model.program),
        "predicted": plain,
    }


def build_id(rom: Rom) -> str:
    """The cartridge's name, as its about screen shows it."""
    return rom.sources["build_id.inc"].decode().split('"')[1]


def _training(weights: Weights, model: IntegerModel) -> Json:
    """The known facts of the training; few for a model made elsewhere, so any of them may be missing or empty.

    curve: [step, training loss, validation loss] …; samples: [step, texts] …, the first of the untrained model.
    """
    info, noted, measured = weights.info, dict(weights.info), weights.info.get("measurements", [])
    samples: list[list[Any]] = [[step, texts] for step, _, _, texts in measured]
    if samples and "seed" in info:
        samples.insert(0, [0, _first_samples(weights, info["seed"])])
    return {
        **{name: noted[name] for name in SETTINGS if name in noted},
        "curve": [[step, train, validation] for step, train, validation, _ in measured],
        "samples": samples,
        "digits_per_weight": info.get("adds_per_weight", {}),
        "active_hidden": info.get("active_hidden"),
        "nll_float": info.get("nll_float"),
        "nll_integer": model.info.get("nll_integer"),
    }


def _first_samples(weights: Weights, seed: int) -> list[str]:
    """Texts that the model wrote before it had learned anything."""
    config = weights.config
    tensors = initial_tensors(config, seed)
    return generate(tensors, config, weights.tokenizer, FIRST_SAMPLES, FIRST_TEMPERATURE, seed)


def _significant(tensor: np.ndarray[Any, Any]) -> Json:
    values = [float(f"{value:.{DIGITS}g}") for value in tensor.reshape(-1).tolist()]
    return {"shape": list(tensor.shape), "values": values}


def training_documents(weights: Weights, data: Path | None) -> list[str]:
    """The documents the model learned from, out of `data`, or if that is None out of the names shipped, or none.

    Raises InputError when `data` is another text than the training's.
    """
    text = read_corpus(data or NAMES, weights.reading)
    if not learned_from(weights, text):
        if data is not None:
            raise InputError(f"{data} is not the text the model learned from: give that to --data, or none")
        return []
    return split(text.documents, reading=weights.reading)[0]
