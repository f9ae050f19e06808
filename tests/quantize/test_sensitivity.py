"""The cost of a weight's error: probing a layer's matrices side by side is probing each of them alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from quantize.calibration import Text
from quantize.convert import folded
from quantize.fixed import FRACTION_BITS
from quantize.sensitivity import PROBE_DIGITS, READS, rounding, sensitivities
from tests.support.models import llama_config, llama_weights
from trainer.config import ModelConfig
from trainer.files import Array
from trainer.model.llama import Decoder
from trainer.training.digit_projection import query_scale


def one_by_one(config: ModelConfig, tensors: Mapping[str, Array], tokens: Array) -> dict[str, Array]:
    """Every matrix's costs by their definition: the whole model again, with this matrix rounded."""
    reads: dict[str, list[Array]] = {}

    def log_shares(changed: Mapping[str, Array], *, observed: bool = False) -> Array:
        def observe(name: str, layer: int, values: Array) -> None:
            reads.setdefault(f"{name}{layer}", []).extend([values] * observed)

        unfolded = {n: (t / query_scale(n, config)).astype(np.float32) for n, t in changed.items()}
        decoder = Decoder(unfolded, config, len(tokens), observe)
        logits = np.stack([decoder.step(tokens[:, step]) for step in range(tokens.shape[1])]).astype(np.float64)
        logits -= logits.max(-1, keepdims=True)
        result: Array = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        return result

    exact, costs = log_shares(tensors, observed=True), {}
    for name in (name for name in tensors if name != "wte"):
        weights = tensors[name].astype(np.float32)
        rounded = rounding(weights, PROBE_DIGITS * weights.size, FRACTION_BITS)
        divergence = float((np.exp(exact) * (exact - log_shares({**tensors, name: rounded}))).sum(-1).mean())
        layer, _, part = name.rpartition(".")
        seen = reads[READS[part] + (layer.removeprefix("layer") or str(config.n_layer - 1))]
        moment = np.mean([(values.astype(np.float64) ** 2).mean(1) for values in seen], axis=0)
        change = float((((rounded - weights).astype(np.float64) ** 2) * moment).sum())
        costs[name] = (max(divergence, 1e-9) / max(change, 1e-12) * moment)[None]
    return costs


@pytest.mark.parametrize("layers", [1, 3])
def test_every_matrix_costs_what_it_costs_alone(layers: int) -> None:
    config = llama_config(20, 12, 16, (4, 2), layers, 24)
    tensors = folded(llama_weights(config), centred=False)
    tokens = np.random.default_rng(5).integers(0, config.vocab_size, (5, config.block_size))
    told: list[tuple[int, int]] = []
    found = sensitivities(config, tensors, Text(tokens), lambda _, of: lambda done: told.append((done, of)))
    expected = one_by_one(config, tensors, tokens)
    assert list(found.costs) == list(expected)
    for name, costs in expected.items():
        np.testing.assert_array_equal(found.costs[name], costs)
    assert told == [(7 * layer, 7 * layers + 1) for layer in range(layers)]
