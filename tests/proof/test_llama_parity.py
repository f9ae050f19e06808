"""Link 4 for llama models: any small shape, every intermediate of every token, in both emulators; the screens."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asm.build import Rom, build_rom
from asm.cartridge.header import with_checksum
from asm.cartridge.transcript import transcript
from asm.memory.log_record import RecordLayout
from quantize.convert import quantize
from quantize.executor import Executor, Trace
from quantize.kernel import STOCK, TARGETS
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.gate import FAR_PRODUCT, SiluGate
from quantize.kernels.ppu_attention import PpuAttention
from quantize.kernels.table_norm import TableNorm
from quantize.model import IntegerModel
from quantize.program import leaves
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tables.silu import SILU_ENTRIES
from tests.support.models import llama_config, llama_model, silu_table, windowed
from tests.support.self_tests import offset, outcome
from tests.support.shape_parity import liveliness, parity
from tests.support.xray_screen import assert_shows, press, traced, xray_screen
from trainer.config import ModelConfig
from trainer.formats.llama2c import load_llama2c

SHAPES = {
    "own keys, 6 layers, heads of 2": llama_config(9, 5, 8, (4, 4), 6, 20),
    "groups of 2, 300 tokens": llama_config(300, 9, 16, (4, 2), 2, 44),
    "groups of 4, 256 positions": llama_config(9, 256, 16, (4, 1), 1, 20, 1000.0),
    "200 positions, caches of an SA-1 in four chunks": llama_config(5, 200, 64, (1, 1), 1, 4),
    "groups of 2 of 8 heads, hidden units in 3 parts": llama_config(12, 20, 16, (8, 4), 2, 100),
    "one head of 16": llama_config(40, 12, 16, (1, 1), 1, 30),
}
WINDOWED = {
    "windows, groups of 2": windowed(llama_config(12, 24, 16, (4, 2), 3, 20), 1, 24, 5, 5, 8, 3, 2, 19, 7, 7, 7, 7),
    "windows, groups of 3 heads of 6, 128 positions": windowed(
        llama_config(12, 128, 36, (6, 2), 1, 20), 16, 8, 127
    ),
    "windows, caches of an SA-1 in two chunks": windowed(llama_config(5, 70, 64, (2, 2), 1, 6), 65, 3),
}
IN_BSNES = (
    "own keys, 6 layers, heads of 2",
    "groups of 2 of 8 heads, hidden units in 3 parts",
    "windows, groups of 2",
)
"""The second's rows of hidden units come in three parts, so its sums are cut on the way."""

SMALL = llama_config(12, 7, 16, (4, 2), 2, 20)


@cache
def small(target: str = STOCK) -> tuple[IntegerModel, Rom]:
    """As a person sees it."""
    model = llama_model(SMALL, 1, target=target)
    return model, build_rom(model)


def parities(model: IntegerModel, rom: Rom, core: str = "snes9x", seeds: int = 1) -> None:
    """And all that the integer model names is compared, or is a product that the next block takes at once."""
    parity(model, rom, core, seeds)
    entries = set(RecordLayout(model, traced=True).entries)
    of_a_layer = {"attention_norm", "attention.query", "attention.packed", "attention.scores", "attention.weights"}
    of_a_layer |= {"attention", "attention_residual", "mlp_norm", "activation0", "mlp_residual"}
    last = f"layer{model.config.n_layer - 1}"
    assert {"embed", "last_norm", "logits", *(f"{last}.{name}" for name in of_a_layer)} <= entries


ON_TARGETS = pytest.mark.parametrize("target", TARGETS)


@ON_TARGETS
@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_every_intermediate_equals_the_integer_model(config: ModelConfig, target: str) -> None:
    model = llama_model(config, 1, target=target)
    live = liveliness(model)
    assert min(live.values()) > 0.3, live
    parities(model, build_rom(model, traced=True))


@ON_TARGETS
@pytest.mark.parametrize("config", WINDOWED.values(), ids=WINDOWED)
def test_every_intermediate_of_heads_with_windows(config: ModelConfig, target: str) -> None:
    """Of whose scores and weights most are zero."""
    model = llama_model(config, 1, target=target)
    live = {name: share for name, share in liveliness(model).items() if not name.endswith((".scores", ".weights"))}
    assert min(live.values()) > 0.3, live
    parities(model, build_rom(model, traced=True))


@ON_TARGETS
@pytest.mark.parametrize("name", IN_BSNES)
def test_every_intermediate_in_the_exact_emulator(name: str, target: str) -> None:
    model = llama_model((SHAPES | WINDOWED)[name], 2, target=target)
    parities(model, build_rom(model, traced=True), "bsnes")


LIVELY: dict[str, dict[str, Any]] = {
    "keys far from zero": {"wk": 20.0},
    "large queries": {"wq": 60.0},
    "large gates": {"fc1": 4.0, "fc3": 1.5, "fc2": 6.0},
    "sums of doubled words": {"wo": 16.0, "fc2": 5.0},
    "a large residual stream": {"wte": 4.0},
    "weights on fine grids": {"wo": 0.05, "fc2": 0.1, "lm_head": 0.3, "wv": 0.2},
}


@ON_TARGETS
@pytest.mark.parametrize("name", LIVELY)
def test_every_intermediate_where_numbers_are_large_or_small(name: str, target: str) -> None:
    model = llama_model(SMALL, 3, target=target, **LIVELY[name])
    parities(model, build_rom(model, traced=True))


def test_the_lively_models_need_every_kind_of_code() -> None:
    """Or those tests would not see it."""
    models = [llama_model(SMALL, 3, **scales) for scales in LIVELY.values()]
    kernels = [kernel for model in models for kernel in leaves(model.program)]
    shifts = {kernel.query_shift for kernel in kernels if isinstance(kernel, PpuAttention)}
    assert min(shifts) < 2 and max(shifts) == 3
    assert max(kernel.out_shift for kernel in kernels if isinstance(kernel, DigitRows)) > 0
    gates = [kernel for kernel in kernels if isinstance(kernel, SiluGate)]
    assert {11} < {kernel.bits for kernel in kernels if isinstance(kernel, TableNorm)}
    assert {11} < {gate.bits for gate in gates} and {2} < {gate.shift for gate in gates}
    assert max(model.exponent("layer0.wo") for model in models) >= 3
    assert max(gate.limit for gate in gates) <= FAR_PRODUCT


@st.composite
def shapes(draw: st.DrawFn) -> ModelConfig:
    """Heads of 2 … 16, groups of 1 … 4, 1 … 3 layers, odd numbers of hidden units, heads with windows too."""
    group, kv = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    head_dim = 2 * draw(st.integers(1, 8 if group * kv < 3 else 2))
    width = group * kv * head_dim
    vocab, context, layers = draw(st.integers(2, 60)), draw(st.integers(2, 20)), draw(st.integers(1, 2))
    base = draw(st.sampled_from([10.0, 500.0, 10_000.0]))
    config = llama_config(vocab, context, max(width, 4), (group * kv, kv), layers, draw(st.integers(4, 60)), base)
    windows = draw(st.lists(st.sampled_from([1, context]) | st.integers(1, context), max_size=layers * group * kv))
    return windowed(config, *windows)


WHOLE = shapes().filter(lambda config: config.n_embd % (2 * config.n_head) == 0)


@given(WHOLE, st.integers(0, 1000), st.sampled_from(TARGETS))
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_any_shape_equals_the_integer_model(config: ModelConfig, seed: int, target: str) -> None:
    model = llama_model(config, seed, target=target)
    parity(model, build_rom(model, traced=True), "snes9x", 1)


@ON_TARGETS
@pytest.mark.parametrize("core", sorted(KNOWN))
def test_the_cartridge_without_trace_makes_the_same_logits_and_tokens(core: str, target: str) -> None:
    model, rom = small(target)
    assert len(rom.image) == rom.layout.image_bytes
    batches = [[Request(seed, tenths, 2, (1, 2)[: seed % 3]) for seed in range(1, 4)] for tenths in (0, 5, 20)]
    with Console(rom.image, core) as console:
        found = verify(Host(console, model), Executor(model), batches if core == "snes9x" else batches[1:2])
    assert (found.mismatches, found.first, found.traced) == (0, None, False)
    assert found.tokens >= 6


@ON_TARGETS
@pytest.mark.parametrize("core", sorted(KNOWN))
def test_the_xray_screen_shows_the_values_of_every_token(core: str, target: str) -> None:
    model, rom = small(target)
    with xray_screen(rom, core) as page:
        for document in traced(model, model.config.block_size + 3 if core == "snes9x" else 3):
            assert_shows(page, model, document, model.temperature)
            press(page, "a")


@ON_TARGETS
def test_the_xray_screen_shows_every_layer(target: str) -> None:
    model, rom = small(target)
    first, *_ = traced(model, 1)
    with xray_screen(rom) as page:
        for view in (0, 1):
            press(page, "r")
            assert_shows(page, model, first, model.temperature, view)


@ON_TARGETS
def test_the_xray_screen_shows_nothing_outside_a_window(target: str) -> None:
    """Where the layer before has left weights."""
    model = llama_model(windowed(SMALL, 7, 7, 7, 7, 1, 2, 3, 7), target=target)
    documents = traced(model, 7)
    newest = documents[-1][-1]
    assert newest.position == 6 and newest.trace is not None
    whole, cut = (newest.trace[f"layer{layer}.attention.weights"] for layer in range(2))
    assert (whole[:3, :4] > 0).any() and not cut[:3, :4].any()
    with xray_screen(build_rom(model)) as page:
        for document in documents:
            for view in (1, 0):
                assert_shows(page, model, document, model.temperature, view)
                press(page, "r")
            press(page, "a")


@ON_TARGETS
@pytest.mark.parametrize("core", sorted(KNOWN))
def test_the_self_test_passes(core: str, target: str) -> None:
    model, rom = small(target)
    tokens = transcript(model).tokens
    assert outcome(rom, rom.image, core) == ("PASS", f"PASS {tokens} tokens")


def test_the_self_test_names_the_token_that_a_wrong_table_of_silu_spoils() -> None:
    """Half of its positive entries, and the image's sum is made right again: only the transcript can tell."""
    model, rom = small()
    at = offset(rom, silu_table(model)) + SILU_ENTRIES
    spoiled = bytes(byte ^ 0x20 for byte in rom.image[at : at + SILU_ENTRIES // 2])
    total, found = outcome(rom, with_checksum(rom.image[:at] + spoiled + rom.image[at + len(spoiled) :]))
    assert total == "PASS" and re.fullmatch(r"FAIL at token \d+", found)


def test_positions_turn_what_they_should() -> None:
    """The same token at two positions has other queries: a test of the first position alone would prove nothing."""
    model = Executor(small()[0])
    streams, seen = model.start(1), []
    for _ in range(3):
        trace: Trace = {}
        model.step(streams, np.array([1]), trace)
        seen.append(trace["layer0.rotary"][0])
    assert all((a != b).mean() > 0.5 for a, b in pairwise(seen))


REAL = Path(__file__).parents[3] / "shared"

if (REAL / "stories260K.bin").exists():

    def test_the_real_stories_are_told_as_the_integer_model_tells_them() -> None:
        """TinyStories-260K, where its files are beside the repository: every intermediate of a prompted story."""
        weights = load_llama2c(REAL / "stories260K.bin", REAL / "tok512.bin", 40)
        model = quantize(weights, "digits")
        prompt = tuple(weights.tokenizer.encode("Zoo was a little girl")[1:-1])
        with Console(build_rom(model, traced=True).image) as console:
            found = verify(Host(console, model), Executor(model), [[Request(1, 5, 1, prompt)]])
        assert (found.mismatches, found.first) == (0, None)
        assert found.traced and found.tokens == 40
