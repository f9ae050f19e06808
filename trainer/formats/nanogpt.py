"""A checkpoint of nanoGPT, ckpt.pt, and the characters of its data, meta.pkl. Nothing in them is run.

https://github.com/karpathy/nanoGPT: train.py writes the one, data/shakespeare_char/prepare.py the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from trainer.documents import SHORT, checked, reading
from trainer.errors import InputError
from trainer.files import LARGEST_DOCUMENT, Array, read_file
from trainer.formats.gpt2_checkpoint import (
    MASKS,
    ROOT,
    Checkpoint,
    Layout,
    Vocabulary,
    shape_of,
    shapes,
    weights_of,
    with_vocabulary,
)
from trainer.formats.keep import text_to_keep
from trainer.formats.pickled import unpickled
from trainer.formats.reader import Options, Reader
from trainer.formats.safetensors import check_names
from trainer.formats.torch_file import Tensor, TorchFile, torch_file
from trainer.text.alphabet import NEWLINE
from trainer.weights import Weights

COMPILED = "_orig_mod."
"""What torch.compile puts before the names of a model's tensors."""

SUFFIXES = (".pt", ".pth")
NAMES = {name: name for name in ("n_embd", "n_hidden", "n_layer", "n_head", "block_size")}

Size = Annotated[int, Meta(ge=1, le=1 << 20)]


class Arguments(Struct, frozen=True, kw_only=True):
    """model_args of a checkpoint: the shape. Dropout is no part of a model that is trained."""

    n_layer: Size
    n_head: Size
    n_embd: Size
    block_size: Size
    vocab_size: Size
    bias: bool

    def sizes(self) -> dict[str, int]:
        """By the names of the file; the MLP is four times as wide as the model."""
        return {name: getattr(self, name, 4 * self.n_embd) for name in NAMES}


def load_nanogpt(path: Path, options: Options) -> Weights:
    """The model in a checkpoint of nanoGPT, with the characters of its meta.pkl. Nothing in them is executed.

    Raises InputError, naming what is wrong, when it is no model of characters that the cartridge can run.
    """
    known = None if options.meta is None else read_characters(options.meta)
    kept = None if options.keep is None else {*text_to_keep(options.keep), NEWLINE}
    with torch_file(path) as file:
        given = _arguments(file.value)
        config = shape_of(given.sizes(), NAMES, options.context, "gelu")
        if known is None:
            raise InputError(
                f"it holds no texts of its {given.vocab_size:,} tokens: give the meta.pkl of its data with --meta "
                "(of GPT-2's own tokens there is none: save such a model as a folder of Hugging Face)"
            )
        if len(known) != given.vocab_size:
            raise InputError(
                f"vocab_size is {given.vocab_size:,}, and {options.meta} has {len(known):,} characters"
            )
        vocabulary = _vocabulary(known, kept)
        layout = Layout(given.vocab_size, given.block_size, given.bias, tied=False)
        config = with_vocabulary(config, vocabulary, len(known), options.keep)
        tensors = _tensors(file, shapes(config, layout))
        return weights_of(Checkpoint(config, layout, tensors), vocabulary)


def _arguments(value: object) -> Arguments:
    if not isinstance(value, dict) or not isinstance(value.get("model"), dict) or "model_args" not in value:
        raise InputError("it has no 'model' with 'model_args': it must be a checkpoint of nanoGPT's train.py")
    with reading("model_args"):
        return checked(value["model_args"], Arguments)


def _vocabulary(known: Sequence[str], kept: Set[str] | None) -> Vocabulary:
    rows = [row for row, character in enumerate(known) if kept is None or character in kept]
    return Vocabulary([known[row] for row in rows], rows, [])


def _tensors(file: TorchFile, wanted: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """The model's tensors in float64, without ROOT. Raises InputError unless they are those wanted."""
    found: dict[str, Tensor] = {}
    for given, tensor in file.value["model"].items():
        name = str(given).removeprefix(COMPILED).removeprefix(ROOT)
        if not isinstance(tensor, Tensor) or name in found:
            raise InputError(f"{SHORT.repr(given)} of 'model' is no tensor, or is there twice")
        if not MASKS.fullmatch(name):
            found[name] = tensor
    check_names(found, wanted)
    arrays = {}
    for name, shape in wanted.items():
        with reading(name):
            if found[name].shape != shape:
                raise InputError(f"it is {found[name].shape}: model_args ask for {shape}")
            arrays[name] = file.array(found[name])
    return arrays


class Characters(Struct, frozen=True, kw_only=True):
    """meta.pkl: every token's character. Its inverse, stoi, follows from it."""

    vocab_size: Size
    itos: dict[int, str]


def read_characters(path: Path) -> list[str]:
    """The character of every token. Raises InputError unless there is one each, and all differ."""
    data = read_file(path, LARGEST_DOCUMENT, "give the meta.pkl of the data that the model learned from")
    with reading(path):
        given = checked(unpickled(data), Characters)
        size, characters = given.vocab_size, list(given.itos.values())
        if sorted(given.itos) != list(range(size)):
            raise InputError(f"itos has {len(characters):,} tokens: they must be 0 to {size - 1:,} of vocab_size")
        if long := [text for text in characters if len(text) != 1]:
            raise InputError(f"itos has {SHORT.repr(long[0])}: every token must be one character")
        if len(set(characters)) != size:
            raise InputError("itos has one character for two tokens")
        return [given.itos[token] for token in range(size)]


READER = Reader(".pt file", ("--meta", "--context", "--keep"), lambda path: path.suffix in SUFFIXES, load_nanogpt)
