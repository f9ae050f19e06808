"""The lab page's data: a cartridge that logs what it computes, and the same model as numbers a page can read.

Arrays of numbers are packed, row by row, with their shape beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asm.build import Rom, symbols
from asm.cost.predict import predict
from asm.layout import Layout, plan
from asm.memory.log_record import (
    HOST_FIELDS,
    HOST_MAGIC,
    LOG_ADDRESS,
    LOGITS_OFFSET,
    RECORD_WORDS,
    RecordLayout,
    host_field,
    host_places,
)
from asm.targets.sa1 import BLOCK_BYTES, WINDOW
from quantize.kernels.fused import FrontTable
from quantize.model import IntegerModel
from quantize.ranges import ProvedModel
from quantize.schedule import LOGITS
from snesgpt.lab.model import Json, model_data
from snesgpt.lab.packed import tensor
from snesgpt.lab.row import row_as_code
from snesgpt.selection.belonging import learned_from
from trainer.errors import InputError
from trainer.files import Array
from trainer.model.decoder import initial_tensors
from trainer.model.generate import generate
from trainer.progress import Bar
from trainer.text.corpus import NAMES, read_corpus, split
from trainer.weights import Weights

DOCUMENTS = 200
"""Training documents for the page's figures."""

FIRST_SAMPLES, FIRST_TEMPERATURE = 3, 1.0
"""Texts of the untrained model: it has no opinion that a temperature could sharpen."""

SETTINGS = ("steps", "batch_size", "learning_rate", "weight_decay", "digits", "grid", "seed", "data", "preset")
"""Notes of the training that the page tells."""


def page_layout(proved: ProvedModel, bar: Bar) -> Layout:
    """The layout of the page's cartridge: one that logs all it computes, or where RAM has no room its logits alone.

    Raises InputError as `plan`.
    """
    try:
        return plan(proved, traced=True, bar=bar)
    except InputError:
        return plan(proved, bar=bar)


def lab_data(weights: Weights, model: IntegerModel, rom: Rom, documents: Sequence[str]) -> Json:
    """All of lab.json. documents: the training's own, in any number."""
    return {
        **model_data(model),
        "temperature": model.temperature,
        "record": _record(rom.layout, model),
        "host": _host(rom, model),
        "build": _build(model, rom),
        "training": _training(weights, model),
        "weights": {name: tensor(values) for name, values in float_weights(weights).items()},
        "row": row_as_code(model, rom.layout),
        "documents": list(documents[:DOCUMENTS]),
    }


def float_weights(weights: Weights) -> Mapping[str, Array]:
    """The weights that the page's floating-point model has: it is a microgpt. None of another family."""
    return weights.tensors if weights.config.family == "microgpt" else {}


def _record(layout: Layout, model: IntegerModel) -> Json:
    """The layout of a record of the log: asm.memory.log_record."""
    record = RecordLayout(model, traced=bool(layout.trace))
    return {
        "bytes": record.size,
        "words": list(RECORD_WORDS),
        "logits": LOGITS_OFFSET,
        "traced": record.traced,
        "entries": {
            name: {"offset": offset, "shape": list(entry.shape), "over_positions": entry.over_positions}
            for name, (offset, entry) in record.entries.items()
            if record.traced or name == LOGITS
        },
        "unrecorded": sorted(_unrecorded(model)),
        "capacity": layout.log_capacity,
    }


def _unrecorded(model: IntegerModel) -> set[str]:
    """Intermediates that are never in the console's memory."""
    traced = {entry.name for kernel in model.program for entry in kernel.traced(model.config)}
    return traced - {entry.name for kernel in model.program for entry in kernel.observed(model.config)}


def _host(rom: Rom, model: IntegerModel) -> Json:
    """Where a host talks with the cartridge, as offsets in its RAM: docs/host.md.

    ram: work, or of an SA-1 cartridge its own. temperature: that of the person, in work RAM.
    """
    places = host_places(model)
    block = places.block if places.window is None else places.block - WINDOW + places.window * BLOCK_BYTES
    return {
        "ram": "work" if places.window is None else "cartridge",
        "block": block,
        "magic": HOST_MAGIC.decode(),
        "fields": {name: host_field(name, block) for name in HOST_FIELDS},
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
        "target": model.target,
        "rom_bytes": len(rom.image),
        "banks": [rom.layout.target.bank_start(bank) for bank in range(rom.layout.banks)],
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
