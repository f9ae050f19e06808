"""A LlamaForCausalLM as Hugging Face keeps it: config.json, model.safetensors and tokenizer.json in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import LARGEST_FILE, Array
from trainer.formats.llama_checkpoint import Checkpoint, shape_of, shapes, weights_of
from trainer.formats.safetensors import LARGEST_HEADER, fields_of, read_file, tensors_in
from trainer.formats.tokenizer_json import read_vocabulary
from trainer.weights import Weights

NAMES = {
    "n_embd": "hidden_size",
    "n_hidden": "intermediate_size",
    "n_layer": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "n_kv_head": "num_key_value_heads",
    "vocab_size": "vocab_size",
    "block_size": "max_position_embeddings",
}
FIXED = {
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "rope_scaling": None,
}
"""Fields that may be missing, but not be anything else."""

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
MIN_EPSILON, MAX_EPSILON = 1e-8, 1e-3


def load_hugging_face(folder: Path, context: int | None = None) -> Weights:
    """The model in a folder. Nothing in it is executed.

    Raises InputError, naming file and field, when it is no LlamaForCausalLM that the cartridge can run.
    """
    at = folder / "config.json"
    if not at.is_file():
        raise InputError(f"{folder} is a directory without config.json: give a file, or a model's whole folder")
    try:
        fields = fields_of(read_file(at, LARGEST_HEADER))
        config, tied, epsilon = _config(fields, context)
        at = folder / "tokenizer.json"
        vocabulary = read_vocabulary(fields_of(read_file(at, LARGEST_HEADER)), fields, config.vocab_size)
        at = folder / "model.safetensors"
        checkpoint = Checkpoint(config, _tensors(read_file(at, LARGEST_FILE), config, tied), epsilon)
        return weights_of(checkpoint, vocabulary)
    except InputError as error:
        raise InputError(f"{at}: {error}") from error


def _config(fields: Mapping[str, Any], context: int | None) -> tuple[ModelConfig, bool, float]:
    """The shape, whether wte is the classifier too, and what the norms add."""
    if fields.get("architectures") != ["LlamaForCausalLM"]:
        raise InputError(f"architectures is {fields.get('architectures')!r}: it must be ['LlamaForCausalLM']")
    for name, value in FIXED.items():
        if fields.get(name, value) != value:
            raise InputError(f"{name} is {fields[name]!r}: it must be {value!r}")
    defaults = {"num_key_value_heads": fields.get("num_attention_heads"), "max_position_embeddings": 2048}
    sizes = {name: fields.get(name, defaults.get(name)) for name in NAMES.values()}
    for name, value in sizes.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name} is {value!r}: it must be a whole number above 0")
    tied = fields.get("tie_word_embeddings", False)
    if not isinstance(tied, bool):
        raise InputError(f"tie_word_embeddings is {tied!r}: it must be true or false")
    epsilon = fields.get("rms_norm_eps", 1e-6)
    if not isinstance(epsilon, float) or not MIN_EPSILON <= epsilon <= MAX_EPSILON:
        raise InputError(f"rms_norm_eps is {epsilon!r}: it must be a number from {MIN_EPSILON} to {MAX_EPSILON}")
    config = shape_of(sizes, NAMES, context, _rope_base(fields))
    if fields.get("head_dim") not in (None, config.head_dim):
        raise InputError(f"head_dim is {fields['head_dim']!r}: it must be hidden_size / num_attention_heads")
    return config, tied, epsilon


def _rope_base(fields: Mapping[str, Any]) -> float:
    """Where older and where newer versions keep it. Raises InputError for any other kind of positions."""
    rope = fields.get("rope_parameters") or {}
    if not isinstance(rope, dict) or rope.get("rope_type", "default") != "default":
        raise InputError(f"rope_parameters is {rope!r}: its rope_type must be 'default'")
    base = rope.get("rope_theta", fields.get("rope_theta", 10_000.0))
    if isinstance(base, bool) or not isinstance(base, int | float) or not 1 < base < 1e9:
        raise InputError(f"rope_theta is {base!r}: it must be a number from 1 to 1e9")
    return float(base)


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
