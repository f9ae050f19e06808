"""Greedy continuations of a llama: the float model's and the cartridge's, and the token at which they part.

python scripts/greedy.py build/weights.npz build/model.npz Zoo "Once upon a time" …
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from quantize.executor import Executor
from quantize.model_file import load_model
from quantize.sampler import Request, run
from trainer.model.decoder import batch_decoder
from trainer.weights import Weights, load_weights


def float_tokens(weights: Weights, prompt: list[int]) -> list[int]:
    """The tokens that the float model writes after the prompt, up to its context or BOS; the prompt included."""
    config = weights.config
    decoder, tokens = batch_decoder(weights.tensors, config, 1), [config.bos, *prompt]
    for step in range(config.block_size):
        logits = decoder.step(np.array([tokens[step]]))[0]
        if step + 1 == len(tokens):
            tokens.append(int(logits.argmax()))
        if tokens[step + 1] == config.bos:
            break
    return tokens[1:]


def part_at(ours: list[int], theirs: list[int]) -> int:
    """How many tokens are the same before the first that differs."""
    same = [a == b for a, b in zip(ours, theirs, strict=False)]
    return same.index(False) if False in same else len(same)


def main(weights_file: str, model_file: str, *prompts: str) -> None:
    """Prints each prompt's two continuations."""
    weights, model = load_weights(Path(weights_file)), load_model(Path(model_file))
    integer, bos = Executor(model), model.config.bos
    for prompt in prompts:
        tokens = weights.tokenizer.encode(prompt)[1:-1]
        theirs = float_tokens(weights, tokens)
        (document,) = run(integer, [Request(0, 0, 1, tuple(tokens))])
        ours = [token.next_token for token in document]
        same = part_at(ours, theirs)
        print(f"{prompt!r}: {same - len(tokens)} of {len(theirs) - len(tokens)} tokens equal")
        for name, text in (("float", theirs), ("cartridge", ours)):
            print(f"  {name}: {weights.tokenizer.decode([bos, *text])}")


if __name__ == "__main__":
    main(*sys.argv[1:])
