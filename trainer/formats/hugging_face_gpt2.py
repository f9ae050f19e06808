"""A GPT2LMHeadModel as Hugging Face keeps it: config.json, model.safetensors and its vocabulary in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trainer.documents import checked, from_json, reading
from trainer.errors import InputError
from trainer.files import LARGEST_DOCUMENT, LARGEST_FILE, read_file
from trainer.formats.byte_level import read_encoding, vocabulary_of
from trainer.formats.gpt2_checkpoint import (
    MASKS,
    ROOT,
    Checkpoint,
    Layout,
    shape_of,
    shapes,
    weights_of,
    with_vocabulary,
)
from trainer.formats.keep import text_to_keep
from trainer.formats.reader import Options, Reader
from trainer.formats.safetensors import chosen, entries_in
from trainer.weights import Weights

ARCHITECTURE = "GPT2LMHeadModel"
WHOLE = "a folder has config.json, model.safetensors and tokenizer.json, or vocab.json and merges.txt"

NAMES = {
    "n_embd": "n_embd",
    "n_hidden": "n_inner",
    "n_layer": "n_layer",
    "n_head": "n_head",
    "block_size": "n_positions",
}
ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh"}
PLAIN = {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False}
"""What decides what is computed, and the one value it may have."""

Size = Annotated[int, Meta(ge=1, le=1 << 20)]


class Config(Struct, frozen=True, kw_only=True):
    """The fields of config.json that decide what is computed. Others are for other programs."""

    architectures: Annotated[
        list[Literal["GPT2LMHeadModel"]],
        Meta(min_length=1, max_length=1, description="['GPT2LMHeadModel']"),
    ]
    vocab_size: Size
    n_embd: Size
    n_layer: Size
    n_head: Size
    n_positions: Size
    n_inner: Size | None = None
    activation_function: Literal["gelu", "gelu_new", "gelu_pytorch_tanh"] = "gelu_new"
    layer_norm_epsilon: Annotated[float, Meta(ge=1e-8, le=1e-3)] = 1e-5
    tie_word_embeddings: bool = True
    scale_attn_weights: bool = True
    scale_attn_by_inverse_layer_idx: bool = False
    add_cross_attention: bool = False
    bos_token_id: int | None = None
    eos_token_id: int | None = None

    def sizes(self) -> dict[str, int]:
        """By their names in the file."""
        inner = self.n_inner or 4 * self.n_embd
        return {name: getattr(self, name) for name in NAMES.values()} | {"n_inner": inner}


def recognizes(folder: Path) -> bool:
    """Whether a folder's config.json names the architecture; what else is wrong with it, its reader says."""
    try:
        fields = from_json(read_file(folder / "config.json", LARGEST_DOCUMENT)) if folder.is_dir() else None
    except InputError:
        return False
    return isinstance(fields, dict) and ARCHITECTURE in str(fields.get("architectures"))


def load_gpt2(folder: Path, options: Options) -> Weights:
    """The model in a folder. Nothing in it is executed.

    Raises InputError, naming file and field, when it is no GPT2LMHeadModel that the cartridge can run.
    """
    at = folder / "config.json"
    data = read_file(at, LARGEST_DOCUMENT, WHOLE)
    with reading(at):
        given = _config(from_json(data))
        config = shape_of(given.sizes(), NAMES, options.context, ACTIVATIONS[given.activation_function])
    text = None if options.keep is None else text_to_keep(options.keep)
    encoding = read_encoding(folder)
    with reading(folder):
        if (last := max(encoding.tokens.values())) >= given.vocab_size:
            raise InputError(f"vocab_size of config.json is {given.vocab_size:,}, and a token has number {last:,}")
        vocabulary = vocabulary_of(encoding, text, given.bos_token_id, given.eos_token_id)
        config = with_vocabulary(config, vocabulary, given.vocab_size, options.keep)
    at = folder / "model.safetensors"
    data = read_file(at, LARGEST_FILE, WHOLE)
    with reading(at):
        layout = Layout(given.vocab_size, given.n_positions, True, given.tie_word_embeddings, in_rows=True)
        tensors = chosen(_entries(data, layout), shapes(config, layout))
        return weights_of(Checkpoint(config, layout, tensors, given.layer_norm_epsilon), vocabulary)


def _config(fields: object) -> Config:
    config = checked(fields, Config)
    for name, plain in PLAIN.items():
        if getattr(config, name) is not plain:
            raise InputError(f"{name} is {not plain}: it must be {plain}")
    return config


def _entries(data: bytes, layout: Layout) -> dict[str, dict[str, Any]]:
    """The file's tensors by their names without ROOT, but for masks, and a head that is wte again."""
    entries = entries_in(data)
    found = {name.removeprefix(ROOT): entry for name, entry in entries.items()}
    if len(found) != len(entries):
        raise InputError(f"a tensor is there twice, with {ROOT} before its name and without")
    dropped = [name for name in found if MASKS.fullmatch(name) or (layout.tied and name == "lm_head.weight")]
    return {name: entry for name, entry in found.items() if name not in dropped}


READER = Reader("GPT-2's folder", ("--context", "--keep"), recognizes, load_gpt2)
