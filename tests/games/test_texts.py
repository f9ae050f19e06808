"""A game's library says what the integer model says, token by token, whatever the model, in both cores.

Its memory is noise at first, and line interrupts disturb all that a handler may while it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from asm.library.place import Place
from quantize.convert import quantize
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel
from quantize.sampler import Generator, Request, choose, inverse_temperature, run
from tests.support.library_game import CORES, Player, game, wanted
from tests.support.models import (
    digit_model,
    gpt2_config,
    gpt2_model,
    llama_config,
    llama_model,
    random_model,
    remembering,
    trained_weights,
    windowed,
)
from tests.support.story_models import story_config, story_model
from trainer.config import ModelConfig
from trainer.text.bpe import learn_pairs

SMALL = ModelConfig(13, 12, n_embd=8, n_head=2, n_hidden=16)


def trained(target: str) -> IntegerModel:
    """A little model of names."""
    return quantize(trained_weights()[0], "digits", target=target)


def in_pairs(target: str) -> IntegerModel:
    """One whose characters are joined into tokens."""
    tokenizer = learn_pairs(["anna banana", "hannah and anna", "nan had a band", "an ant"], "\n abdhnt", 20)
    config = replace(SMALL, vocab_size=len(tokenizer.symbols) + 1, block_size=16)
    model = digit_model(config, 3, target=target)
    return replace(model, symbols=tuple(tokenizer.symbols), merges=tuple(tokenizer.merges))


def running(target: str) -> IntegerModel:
    """One whose text goes on where its context is full."""
    return replace(digit_model(SMALL, 4, target=target), info={"documents": "stream"})


MODELS: Mapping[str, Callable[[str], IntegerModel]] = {
    "names": trained,
    "pairs": in_pairs,
    "running": running,
    "memory": lambda target: digit_model(remembering(SMALL, 2, 3), 1, target=target),
    "llama": lambda target: llama_model(llama_config(21, 10, 16, (4, 2), 2, 24), 2, target=target),
    "windows": lambda target: llama_model(
        windowed(llama_config(21, 10, 16, (4, 2), 1, 24), 3, 10, 3, 5), target=target
    ),
    "gpt2": lambda target: gpt2_model(gpt2_config(15, 9, 8, 2, 1, 32), target=target),
    "stories": lambda target: story_model(story_config(20), target=target),
}


def says(player: Player, model: IntegerModel, seed: int, tenths: int, top_p: int, most: int) -> None:
    player.disturb(False)
    player.begin(seed, tenths, top_p)
    player.disturb(dot=seed % 300)
    made = player.tokens(most)
    assert player.word("interrupts")
    assert made == wanted(model, seed, tenths, (), top_p)[:most]


@pytest.mark.parametrize("target", [STOCK, SA1])
@pytest.mark.parametrize("name", MODELS)
def test_a_library_says_what_the_integer_model_says(name: str, target: str) -> None:
    model = MODELS[name](target)
    built = game(model)
    for core in CORES:
        with Player(built, core, noise=1) as player:
            player.start()
            says(player, model, 1, 10, 0, 40)
            says(player, model, 65535, 20, 60, 40)
            says(player, model, 7, 0, 0, 40)


def test_the_schoolbook_too() -> None:
    model = random_model(SMALL, 1)
    for core in CORES:
        with Player(game(model), core, noise=1) as player:
            player.start()
            says(player, model, 5, 10, 90, 12)


@pytest.mark.parametrize("name", ["names", "llama", "windows", "gpt2"])
def test_without_the_ppu_s_multiplier_and_without_dma(name: str) -> None:
    model = MODELS[name](STOCK)
    built = game(model, Place(ppu_multiplier=False, dma_channel=None))
    for core in CORES:
        with Player(built, core, noise=2) as player:
            player.start()
            says(player, model, 3, 12, 90, 20)


@pytest.mark.parametrize("target", [STOCK, SA1])
def test_texts_that_are_given_come_first(target: str) -> None:
    model = trained(target)
    letters = [model.symbols.index(letter) for letter in "kar"]
    with Player(game(model)) as player:
        player.start()
        player.begin(9, 8)
        assert player.feed("k") and player.feed("ar")
        assert player.tokens() == wanted(model, 9, 8, letters)


def test_a_token_can_be_given_in_the_midst_of_a_text() -> None:
    model = trained(STOCK)
    (plain,) = run(Executor(model), [Request(2, 10, 1)])
    first = plain[0].next_token
    given = model.symbols.index("z")
    with Player(game(model)) as player:
        player.start()
        player.begin(2, 10)
        assert player.call("gpt_next") == first
        player.call("gpt_feed", given)
        assert not player.refused
        after = player.tokens()
    assert after == drawn_after(model, [first, given], 2, 10)


def drawn_after(model: IntegerModel, tokens: Sequence[int], seed: int, tenths: int) -> list[int]:
    """What the integer model draws after these tokens, of which it has drawn the first itself."""
    executor, generator = Executor(model), Generator.seeded([seed])
    streams, inverse_t = executor.start(1), inverse_temperature(tenths, model.logit_exponent)
    generator.draw()
    found, token = list[int](), model.config.bos
    for position in range(model.config.block_size):
        logits = executor.step(streams, np.array([token]))
        if position < len(tokens):
            token = tokens[position]
            continue
        token = int(choose(logits, inverse_t, generator.draw())[0])
        found.append(token)
        if token == model.config.bos:
            break
    return found


@pytest.mark.parametrize("name", ["pairs", "stories"])
def test_a_text_becomes_the_tokens_of_its_vocabulary(name: str) -> None:
    model = MODELS[name](STOCK)
    texts = {"pairs": ["hannah had", "an ant", "nan\nband", " a"], "stories": ["the cat", "One day, a dog", "x"]}[
        name
    ]
    with Player(game(model)) as player:
        player.start()
        for text in texts:
            tokens = model.tokenizer.encode(text)[1:-1]
            player.begin(1, 10)
            assert player.feed(text)
            assert player.tokens(3) == wanted(model, 1, 10, tokens)[:3]


def test_the_text_of_every_token() -> None:
    model = in_pairs(STOCK)
    built = game(model)
    with Player(built) as player:
        player.start()
        for token, symbol in enumerate((*model.symbols, "")):
            bank = player.call("gpt_text", token)
            at = (bank - 0x80) * 0x8000 + player.word("out_x") % 0x8000
            assert built.image[at:].split(b"\0", 1)[0].decode("latin-1") == symbol
