"""A LlamaForCausalLM as Hugging Face keeps it: config.json, model.safetensors and tokenizer.json in a folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from trainer.config import ModelConfig
from trainer.documents import SHORT, checked, from_json, reading
from trainer.errors import InputError
from trainer.files import LARGEST_DOCUMENT, LARGEST_FILE, Array, read_file
from trainer.formats.llama_checkpoint import Checkpoint, shape_of, shapes, weights_of
from trainer.formats.reader import Reader
from trainer.formats.safetensors import tensors_in
from trainer.formats.tokenizer_json import read_vocabulary
from trainer.weights import Weights

WHOLE = "a folder has config.json, tokenizer.json and model.safetensors"

NAMES = {
    "n_embd": "hidden_size",
    "n_hidden": "intermediate_size",
    "n_layer": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "n_kv_head": "num_key_value_heads",
    "vocab_size": "vocab_size",
    "block_size": "max_position_embeddings",
}
LAYER = {
    "attention_gain": "input_layernorm",
    "wq": "self_attn.q_proj",
    "wk": "self_attn.k_proj",
    "wv": "self_attn.v_proj",
    "wo": "self_attn.o_proj",
    "mlp_gain": "post_attention_layernorm",
    "fc1": "mlp.gate_proj",
    "fc3": "mlp.up_proj",
    "fc2": "mlp.down_proj",
}
OTHERS = {"wte": "model.embed_tokens.weight", "gain": "model.norm.weight", "lm_head": "lm_head.weight"}

ROTARY = re.compile("rope|rotary", re.IGNORECASE)
"""Fields with such names decide where positions turn: one that nothing here reads must not be ignored."""

Size = Annotated[int, Meta(ge=1)]
Base = Annotated[float, Meta(gt=1, lt=1e9)]
One = Annotated[float, Meta(ge=1, le=1, description="1 (all dimensions are turned)")]


class Rope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """rope_parameters, or as older files call it rope_scaling: the plain kind of rotary positions alone."""

    rope_type: Literal["default"] = "default"
    type: Literal["default"] = "default"
    rope_theta: Base | None = None
    partial_rotary_factor: One | None = None


class Config(Struct, frozen=True, kw_only=True):
    """The fields of config.json that decide what is computed. Others are for other programs."""

    architectures: Annotated[
        list[Literal["LlamaForCausalLM"]],
        Meta(min_length=1, max_length=1, description="['LlamaForCausalLM']"),
    ]
    hidden_size: Size
    intermediate_size: Size
    num_hidden_layers: Size
    num_attention_heads: Size
    num_key_value_heads: Size | None = None
    vocab_size: Size
    max_position_embeddings: Size = 2048
    head_dim: Size | None = None
    hidden_act: Literal["silu"] = "silu"
    attention_bias: bool = False
    mlp_bias: bool = False
    rms_norm_eps: Annotated[float, Meta(ge=1e-8, le=1e-3)] = 1e-6
    tie_word_embeddings: bool = False
    bos_token_id: int = 1
    eos_token_id: int | None = None
    rope_theta: Base | None = None
    rope_type: Literal["default"] | None = None
    rope_parameters: Rope | None = None
    rope_scaling: Rope | None = None
    rope_interleaved: bool = False
    partial_rotary_factor: One | None = None

    def sizes(self) -> dict[str, int]:
        """By their names in the file."""
        heads = self.num_key_value_heads or self.num_attention_heads
        return {name: getattr(self, name) for name in NAMES.values()} | {"num_key_value_heads": heads}

    def rope_base(self) -> float:
        """Raises InputError when two places give two bases."""
        places = {"": self, "rope_parameters.": self.rope_parameters, "rope_scaling.": self.rope_scaling}
        given = {f"{place}rope_theta": at.rope_theta for place, at in places.items() if at and at.rope_theta}
        if len(set(given.values())) > 1:
            raise InputError(f"{' and '.join(given)} are {', '.join(map(str, given.values()))}: give one")
        return next(iter(given.values()), 10_000.0)


def load_hugging_face(folder: Path, context: int | None = None) -> Weights:
    """The model in a folder. Nothing in it is executed.

    Raises InputError, naming file and field, when it is no LlamaForCausalLM that the cartridge can run.
    """
    at = folder / "config.json"
    if not at.is_file():
        raise InputError(f"{folder} is a directory without config.json: give a file, or a model's whole folder")
    data = read_file(at, LARGEST_DOCUMENT, WHOLE)
    with reading(at):
        given = _config(data)
        config = shape_of(given.sizes(), NAMES, context, given.rope_base())
        if given.head_dim not in (None, config.head_dim):
            raise InputError(f"head_dim is {given.head_dim!r}: it must be hidden_size / num_attention_heads")
    at = folder / "tokenizer.json"
    data = read_file(at, LARGEST_DOCUMENT, WHOLE)
    with reading(at):
        vocabulary = read_vocabulary(from_json(data), given.bos_token_id, given.eos_token_id, config.vocab_size)
    at = folder / "model.safetensors"
    data = read_file(at, LARGEST_FILE, WHOLE)
    with reading(at):
        checkpoint = Checkpoint(config, _tensors(data, config, given.tie_word_embeddings), given.rms_norm_eps)
        return weights_of(checkpoint, vocabulary)


def _config(data: bytes) -> Config:
    """Raises InputError for a field that is wrong, or that would be ignored and decides what is computed."""
    fields = from_json(data)
    config = checked(fields, Config)
    for name in ("attention_bias", "mlp_bias", "rope_interleaved"):
        if getattr(config, name):
            raise InputError(f"{name} is True: it must be False")
    for name, value in fields.items():
        if ROTARY.search(name) and name not in Config.__struct_fields__ and value is not None:
            shown = f"{SHORT.repr(name)} is {SHORT.repr(value)}"
            raise InputError(f"{shown}: nothing reads it, so it must be missing or null")
    return config


def _tensors(data: bytes, config: ModelConfig, tied: bool) -> dict[str, Array]:
    wanted = shapes(config)
    names = {name: theirs for name, theirs in OTHERS.items() if not (tied and name == "lm_head")}
    asked = {theirs: wanted[name] for name, theirs in names.items()}
    for name, theirs in LAYER.items():
        asked |= {_layer(layer, theirs): wanted[name][1:] for layer in range(config.n_layer)}
    found = tensors_in(data, asked)
    tensors = {name: found[theirs] for name, theirs in names.items()}
    for name, theirs in LAYER.items():
        tensors[name] = np.stack([found[_layer(layer, theirs)] for layer in range(config.n_layer)])
    tensors |= {name: _adjacent(tensors[name], config.head_dim) for name in ("wq", "wk")}
    return {"lm_head": tensors["wte"], **tensors}


def _layer(layer: int, name: str) -> str:
    return f"model.layers.{layer}.{name}.weight"


def _adjacent(rows: Array, head_dim: int) -> Array:
    """Rows of every head so that rotary positions turn (2i, 2i + 1), not (i, i + head_dim / 2); (L, rows, d)."""
    halves = rows.reshape(len(rows), -1, 2, head_dim // 2, rows.shape[2])
    return halves.swapaxes(2, 3).reshape(rows.shape)


READER = Reader("folder", ("--context",), Path.is_dir, lambda path, given: load_hugging_face(path, given.context))
