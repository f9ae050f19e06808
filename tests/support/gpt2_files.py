"""Small GPT-2s in folders as Hugging Face keeps them, with a byte-level vocabulary that its own library learned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import safetensors.numpy
from tokenizers import Tokenizer as Library
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from tests.support.gpt2_reference import Sizes
from trainer.files import Array
from trainer.text.corpus import NAMES


def _sentences(count: int) -> str:
    """Names, numbers and signs, as many words, the same every time."""
    random, names = Random(0), NAMES.read_text().split()[:400]
    words = []
    for _ in range(count):
        word = random.choice([random.choice(names), random.choice(names).title(), str(random.randrange(3000))])
        words.append(word + random.choice(["", "", "", ",", ".", "'s", "'ll", "!", "--", ").", '"', "\n"]))
    return " ".join(words).replace("\n ", "\n")


TEXT = _sentences(4000)
"""What the vocabularies are learned from, with French behind it, so that letters of two bytes are merged."""

FRENCH = "l'été où la forêt était dérobée à ses élèves, l'école déçue s'est élevée. "
END = "<|endoftext|>"


@cache
def learned(size: int, special: tuple[str, ...] = (END,)) -> str:
    """tokenizer.json of a byte-level BPE with this many tokens."""
    library = Library(models.BPE())
    library.normalizer = normalizers.NFC()
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    library.train_from_iterator([TEXT, FRENCH * 20], trainer)
    return str(library.to_str())


def in_rows(model: Mapping[str, Array]) -> dict[str, Array]:
    """As Hugging Face keeps them: matrices of Conv1D are (inputs, outputs), and a tied head is not there."""
    found = {}
    for name, array in model.items():
        linear = array.ndim == 2 and (".attn." in name or ".mlp." in name)
        found[name] = np.ascontiguousarray(array.T) if linear else array
    if found["lm_head.weight"] is found["transformer.wte.weight"]:
        del found["lm_head.weight"]
    return found


def config(sizes: Sizes, **others: Any) -> dict[str, Any]:
    fields = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "n_embd": sizes.n_embd,
        "n_head": sizes.n_head,
        "n_layer": sizes.n_layer,
        "n_inner": sizes.n_inner or None,
        "n_positions": sizes.block_size,
        "n_ctx": sizes.block_size,
        "layer_norm_epsilon": 1e-5,
        "vocab_size": sizes.vocab_size,
        "tie_word_embeddings": sizes.tied,
        "bos_token_id": 50256,
        "eos_token_id": 50256,
    }
    return fields | others


def gpt2_folder(
    folder: Path, sizes: Sizes, model: Mapping[str, Array], vocabulary: str, *, old: bool = False, **others: Any
) -> None:
    """config.json, model.safetensors and tokenizer.json; or, as older ones have it, vocab.json and merges.txt.

    others: fields of config.json.
    """
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(sizes, **others)))
    safetensors.numpy.save_file(in_rows(model), folder / "model.safetensors")
    if not old:
        (folder / "tokenizer.json").write_text(vocabulary)
        return
    known = json.loads(vocabulary)["model"]
    (folder / "vocab.json").write_text(json.dumps(known["vocab"]))
    merges = [" ".join(pair) for pair in known["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
