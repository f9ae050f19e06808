"""The x-ray screen's view of a token: every shade, height and number, from the integer model's own values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantize.fixed import Ints
from quantize.model import IntegerModel
from quantize.sampler import Token, inverse_temperature, nucleus, sampling_weights
from quantize.schedule import HEAD, hidden_units
from tables.cells import END, POSITIVE, SHARES, SIGNED, WHOLE, level

ACROSS = 16
HEADS = 4
MAX_HIDDEN_CELLS = 64
BAR_COLUMNS = 28
"""Tiles: as many as the safe width of a screen holds."""

LABEL = 3
"""Characters under a bar where tokens are merged."""

BAR_PIXELS, SHORT_BAR_PIXELS = 24, 16
"""Of the tallest bar, where there are two pictures of bars, and where there are three."""

LARGEST = 0xFFFF
"""The weight of the likeliest letter, Q0.16."""


@dataclass(frozen=True)
class Bars:
    """A picture of chances at a temperature: pixels of each bar, and the share of the token picked in percent."""

    title: str
    tenths: int
    pixels: tuple[int, ...]
    percent: int


@dataclass(frozen=True)
class Xray:
    """A token's picture. Shades are levels of `tables.cells`, below zero for what is negative.

    first: the position of the leftmost cell; letters: tokens from there, the one that was picked last;
    heads: shades over the positions seen; zeros: hidden units at zero; bars: the tokens that have one; said: the
    pictures of their chances, as drawn the last; thousandths: the random number, None if greedy.
    """

    first: int
    letters: tuple[int, ...]
    heads: tuple[tuple[int, ...], ...]
    stream: tuple[int, ...]
    hidden: tuple[int, ...]
    zeros: int
    bars: tuple[int, ...]
    said: tuple[Bars, ...]
    thousandths: int | None
    picked: int


def xray(model: IntegerModel, document: Sequence[Token], tenths: int, layer: int, first_head: int) -> Xray:
    """The picture of a document's last token; all its tokens are traced and come from one stream."""
    now, config = document[-1], model.config
    assert now.trace is not None
    first = max(0, now.position - (ACROSS - 1))
    weights = now.trace[f"layer{layer}.attention.weights"][first_head : first_head + HEADS, : now.position + 1]
    hidden = np.concatenate([now.trace[name] for name in hidden_units(config, layer)])
    logits = now.logits[: config.vocab_size - (now.position == 0)]
    bars = bar_tokens(logits, config.vocab_size, bar_places(model.symbols)[0])
    inverse_t = inverse_temperature(tenths, model.logit_exponent)
    if inverse_t:
        drawn_from = nucleus(sampling_weights(logits[None], inverse_t), model.top_p)[0]
        drawn = _padded(drawn_from, config.vocab_size)
    else:
        drawn = np.where(np.arange(config.vocab_size) == now.next_token, LARGEST, 0)
    before, most = _before(model, now, logits), BAR_PIXELS if not config.remembers else SHORT_BAR_PIXELS
    chances = [(title, 10, weights) for title, weights in before.items()] + [("as drawn", tenths, drawn)]
    return Xray(
        first=first,
        letters=(*(token.token for token in document[first:]), now.next_token),
        heads=tuple(shares(row)[first:] for row in weights),
        stream=pooled(now.trace[f"layer{config.n_layer - 1}.mlp_residual"], ACROSS, SIGNED),
        hidden=pooled(hidden, MAX_HIDDEN_CELLS, POSITIVE),
        zeros=int((hidden == 0).sum()),
        bars=tuple(bars),
        said=tuple(
            Bars(title, own, heights(weights[bars], most), percent(weights, now.next_token))
            for title, own, weights in chances
        ),
        thousandths=now.y * 1000 >> 16 if inverse_t else None,
        picked=now.next_token,
    )


def _before(model: IntegerModel, now: Token, logits: Ints) -> dict[str, Ints]:
    """The chances before temperature (vocab,), by title. logits (candidates,): those of the token."""
    assert now.trace is not None
    said = {"next letter" if all(len(symbol) == 1 for symbol in model.symbols) else "next token": logits}
    if model.config.remembers:
        alone = now.trace[HEAD][: len(logits)]
        said = {"model alone": alone, "memory alone": logits - alone}
    at_one = inverse_temperature(10, model.logit_exponent)
    return {
        title: _padded(sampling_weights(own[None], at_one)[0], model.config.vocab_size)
        for title, own in said.items()
    }


def shares(weights: Ints) -> tuple[int, ...]:
    """Shades of a head's weights, each over the sum of all.    asm: shade_head

    weights (positions,) of any scale.
    """
    return tuple(level(int(share), SHARES) for share in WHOLE * weights // weights.sum())


def pooled(values: Ints, most: int, limits: Sequence[int]) -> tuple[int, ...]:
    """Signed shades in at most `most` cells, of a group's largest magnitude.    asm: shade_vector

    values (n,) Q8.8. The first of equal magnitudes counts.
    """
    group = -(-len(values) // most)
    groups = [values[n : n + group] for n in range(0, len(values), group)]
    largest = [int(g[np.abs(g).argmax()]) for g in groups]
    return tuple((-1 if value < 0 else 1) * level(abs(value), limits) for value in largest)


def bar_places(symbols: Sequence[str]) -> tuple[int, int]:
    """How many bars there is room for, and the tiles of each and its label: letters have one, merged tokens LABEL.

    Labels longer than a letter are a blank apart.
    """
    if all(len(symbol) == 1 for symbol in symbols):
        return BAR_COLUMNS, 1
    return BAR_COLUMNS // (LABEL + 1), LABEL


def label(symbols: Sequence[str], token: int, tiles: int) -> tuple[int, ...]:
    """Tile numbers of a token's first characters, underscores for spaces, blanks behind; of BOS a mark.
    asm: put_label
    """
    text = symbols[token].replace(" ", "_") if token < len(symbols) else chr(END)
    return tuple(text[:tiles].ljust(tiles).encode("latin-1"))


def bar_tokens(logits: Ints, vocab_size: int, most: int = BAR_COLUMNS) -> list[int]:
    """The tokens that have bars: all, or the `most` of largest logit, in their order.    asm: choose_bars

    logits (candidates,); the first of equals counts.
    """
    if vocab_size <= most:
        return list(range(vocab_size))
    return sorted(np.argsort(-logits, kind="stable")[:most].tolist())


def heights(weights: Ints, most: int = BAR_PIXELS) -> tuple[int, ...]:
    """Pixels of bars, `most` for the largest weight.    asm: put_bars

    weights (n,) Q0.16.
    """
    return tuple(int(height) for height in (weights * most + 0x8000) >> 16)


def percent(weights: Ints, token: int) -> int:
    """A token's share of all weights, rounded.    asm: percent_of_picked

    weights (vocab,) Q0.16.
    """
    total = int(weights.sum())
    return (100 * int(weights[token]) + (total >> 1)) // total


def _padded(weights: Ints, length: int) -> Ints:
    """Zero for the tokens that may not be chosen."""
    return np.append(weights, np.zeros(length - len(weights), np.int64))
