"""A game's library says what the integer model says, token by token, whatever the model, in both cores.

Its memory is noise at first, and line interrupts disturb all that a handler may while it computes.
"""

from __future__ import annotations

import pytest

from asm.library.place import Place
from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel
from tests.support.library_game import CORES, Player, drawn_after, game, wanted
from tests.support.library_models import MODELS, SMALL, in_pairs, trained
from tests.support.models import random_model


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
    first, second, *_ = wanted(model, 2, 10)
    given = model.symbols.index("z")
    with Player(game(model)) as player:
        player.start()
        player.begin(2, 10)
        assert player.tokens(2) == [first, second]
        player.call("gpt_feed", given)
        assert not player.refused
        assert player.tokens() == drawn_after(model, [first, second, given], 2, 10)


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
