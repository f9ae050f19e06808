"""Lesson 9: the cartridge. Be the console for two letters, then let it run. Run `make` and `make test` first."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quiz import ask

from quantize.executor import Executor
from quantize.fixed import from_q88
from quantize.model import IntegerModel
from quantize.model_file import load_model
from quantize.sampler import Request, Token, inverse_temperature, run, sampling_weights
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from trainer.errors import InputError

SHOWN = 8


def letter(model: IntegerModel, token: int) -> str:
    return "end" if token == model.config.bos else model.symbols[token]


def show_logits(model: IntegerModel, token: Token, tenths: int) -> None:
    print("  some logits, Q8.8, the largest among them:")
    for n in sorted(token.logits.argsort()[-SHOWN:].tolist()):
        print(f"    {letter(model, n):>4} {token.logits[n]:7d}   {from_q88(token.logits[n]):+.3f}")


def show_draw(model: IntegerModel, token: Token, tenths: int) -> None:
    weights = sampling_weights(token.logits[None], inverse_temperature(tenths, model.logit_exponent))[0]
    sums = weights.cumsum()
    print(f"  exp((logit − largest) / {tenths / 10}) in 65536ths, and the sum so far:")
    for n in weights.nonzero()[0].tolist():
        print(f"    {letter(model, n):>4} {weights[n]:7d} {sums[n]:9d}")
    print(f"  the random word is {token.y}: the first sum above {token.y} · {sums[-1]} / 65536 has the letter")


def lesson(build: Path, prompt: str, seed: int, core: str) -> None:
    model = load_model(build / "model.npz")
    if not prompt or not set(prompt) <= set(model.symbols) or len(prompt) >= model.config.block_size:
        raise InputError(f"prompt {prompt!r}: give 1 to {model.config.block_size - 1} of the model's own letters")
    if not 0 <= seed < 1 << 16:
        raise InputError(f"seed {seed}: give 0 to 65535")
    letters = tuple(model.symbols.index(symbol) for symbol in prompt)
    requests = [Request(seed, tenths, 1, letters) for tenths in (0, 5)]
    expected = [run(Executor(model), [request])[0] for request in requests]
    print(f"The integer model has read {prompt!r}.")
    for request, tokens, show in zip(requests, expected, (show_logits, show_draw), strict=True):
        token = tokens[len(prompt)]
        show(model, token, request.tenths)
        ask(f"Temperature {request.tenths / 10}: which letter comes next?", letter(model, token.next_token))
    print(f"\nThe cartridge {build / 'snes_gpt.sfc'}, in {core}:")
    with Console(build / "snes_gpt.sfc", core) as console:
        host = Host(console, model)
        for request, tokens in zip(requests, expected, strict=True):
            made = [record.words["next_token"] for record in host.run(request)]
            text = "".join(model.symbols[token] for token in made if token != model.config.bos)
            same = made == [token.next_token for token in tokens]
            print(
                f"  temperature {request.tenths / 10}: {text}, {'as' if same else 'NOT AS'} the integer model says"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", nargs="?", type=Path, default=Path("build"), help="what `make` made  [build]")
    parser.add_argument("--prompt", default="kar", help="how the name begins  [kar]")
    parser.add_argument("--seed", type=int, default=7, help="of the random numbers, 0 to 65535  [7]")
    parser.add_argument("--core", default="snes9x", help="snes9x, bsnes or the path of a libretro core  [snes9x]")
    options = parser.parse_args()
    try:
        lesson(options.build, options.prompt, options.seed, options.core)
    except (InputError, TimeoutError) as error:
        sys.exit(f"lesson 9: {error}")


if __name__ == "__main__":
    main()
