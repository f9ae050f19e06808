"""Link 4 for GPT-2 models: any small shape, every intermediate of every token, on both machines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asm.build import Rom, build_rom
from asm.memory.log_record import RecordLayout
from quantize.executor import Executor, Trace
from quantize.kernel import TARGETS
from quantize.kernels.byte_attention import ByteAttention
from quantize.kernels.lookup import Lookup
from quantize.model import IntegerModel
from quantize.program import leaves
from tests.support.models import gpt2_config, gpt2_model
from tests.support.shape_parity import liveliness, parity
from trainer.config import ModelConfig

SHAPES = {
    "2 heads of 8, 2 layers": gpt2_config(13, 9, 16, 2, 2, 40),
    "6 layers, 4 heads of 1": gpt2_config(9, 5, 4, 4, 6, 12, "gelu_tanh"),
    "16 heads of 2, hidden units in 3 parts": gpt2_config(20, 24, 32, 16, 1, 130),
    "3 heads of 7, odd widths": gpt2_config(300, 8, 21, 3, 1, 53),
    "one head, 140 positions": gpt2_config(7, 140, 12, 1, 1, 20, "gelu_tanh"),
}
IN_BSNES = ("2 heads of 8, 2 layers", "16 heads of 2, hidden units in 3 parts")

ON_TARGETS = pytest.mark.parametrize("target", TARGETS)


def parities(model: IntegerModel, rom: Rom, core: str = "snes9x") -> None:
    """And all that the integer model names is compared, but what a row takes at once."""
    parity(model, rom, core, 1)
    entries, last = set(RecordLayout(model, traced=True).entries), f"layer{model.config.n_layer - 1}"
    of_a_layer = {"attention_norm", "attention.query", "attention.packed", "attention.scores", "attention.weights"}
    of_a_layer |= {"attention", "attention_residual", "mlp_norm", "activation0", "mlp_residual"}
    assert {"embed", "last_norm", "logits", *(f"{last}.{name}" for name in of_a_layer)} <= entries


@ON_TARGETS
@pytest.mark.parametrize("biased", [True, False], ids=["biases", "no biases"])
@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_every_intermediate_equals_the_integer_model(config: ModelConfig, biased: bool, target: str) -> None:
    model = gpt2_model(config, 1, target=target, biased=biased)
    live = liveliness(model)
    assert min(live.values()) > 0.3, live
    parities(model, build_rom(model, traced=True))


@ON_TARGETS
@pytest.mark.parametrize("name", IN_BSNES)
def test_every_intermediate_in_the_exact_emulator(name: str, target: str) -> None:
    model = gpt2_model(SHAPES[name], 2, target=target)
    parities(model, build_rom(model, traced=True), "bsnes")


LIVELY = {
    "large units": {"fc1": 8.0},
    "large keys and values": {"wk": 20.0, "wv": 8.0},
    "large queries": {"wq": 30.0},
    "sums of doubled words": {"wo": 16.0, "fc2": 9.0},
    "a loud embedding": {"wte": 30.0},
    "weights on fine grids": {"wo": 0.05, "fc1": 0.2, "fc2": 0.1, "lm_head": 0.3, "wv": 0.2},
}


@ON_TARGETS
@pytest.mark.parametrize("scales", LIVELY.values(), ids=LIVELY)
def test_weights_of_any_size(scales: dict[str, float], target: str) -> None:
    model = gpt2_model(gpt2_config(12, 7, 16, 4, 2, 20), 1, target=target, **scales)
    parities(model, build_rom(model, traced=True))


@ON_TARGETS
def test_keys_values_and_units_that_are_cut(target: str) -> None:
    """Text at random leaves the ranges that text of the model's own has."""
    config = gpt2_config(40, 12, 16, 2, 2, 40)
    model = gpt2_model(config, 5, target=target, fc1=10.0, lm_head=4.0)
    integer, random, trace = Executor(model), np.random.default_rng(0), Trace()
    streams, seen = integer.start(64), dict[str, set[int]]()
    for _ in range(config.block_size):
        integer.step(streams, random.integers(0, config.vocab_size, 64), trace)
        for name in ("layer0.attention.packed", "layer1.attention.packed"):
            key, value = trace[name].astype(np.int8), trace[name] >> 8
            seen.setdefault("keys", set()).update(np.unique(key).tolist())
            seen.setdefault("values", set()).update(np.unique(value).tolist())
        seen.setdefault("units", set()).update(np.unique(trace["layer1.activation0"]).tolist())
    unit = next(kernel for kernel in leaves(model.program) if kernel.name == "layer1.activation0")
    assert isinstance(unit, Lookup) and unit.slot_limit in seen["units"]
    assert seen["keys"] & {-128, 127} and seen["values"] & {-128, 127}
    attention = [kernel for kernel in leaves(model.program) if isinstance(kernel, ByteAttention)]
    assert all(kernel.cut for kernel in attention)
    parities(model, build_rom(model, traced=True))


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    heads=st.integers(1, 16),
    width=st.integers(1, 8),
    layers=st.integers(1, 6),
    hidden=st.integers(4, 150),
    context=st.integers(2, 40),
    vocab=st.integers(3, 60),
    kind=st.sampled_from(["gelu", "gelu_tanh"]),
    target=st.sampled_from(TARGETS),
)
def test_any_shape(
    heads: int, width: int, layers: int, hidden: int, context: int, vocab: int, kind: str, target: str
) -> None:
    config = gpt2_config(vocab, context, max(heads * width, 4 * heads), heads, layers, hidden, kind)
    model = gpt2_model(config, 3, target=target)
    rom = build_rom(model, traced=True)
    parity(model, rom, "bsnes" if rom.layout.shown_caches_apart else "snes9x", 1)
