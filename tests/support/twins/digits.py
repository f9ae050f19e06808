"""The fast kernels' routines: edge cases first, then random ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asm.kernels.digit_columns import ColumnSumsCode
from asm.kernels.mac_attention import MacAttentionCode
from asm.kernels.ppu_attention import AttentionCode
from asm.kernels.table_norm import TableNormCode
from quantize import fixed
from quantize.fixed import Ints
from quantize.kernels.activation import relu2
from quantize.kernels.byte_attention import MEAN_SLACK, ByteAttention, softmax_weights_in_bytes
from quantize.kernels.digit_rows import DigitRows
from quantize.kernels.table_norm import rmsnorm_table, square_sum, table_epsilon
from quantize.model import IntegerModel
from tests.support.routine_console import Bytes, Call, Memory
from tests.support.twins.registry import Calls, Random, twin, twins
from tests.support.twins.schoolbook import EDGES, edge_positions, low_word, vectors

HALF_WORD = 0x8000


def plus_and_minus(values: Ints, bias: int) -> Ints:
    """(N, 2 · n) a vector in slots: bias + x, bias − x."""
    return low_word(np.concatenate([bias + values, bias - values], 1))


@twin("digits", "sa1 digits")
def clear_sums(memory: Memory, random: Random, count: int) -> Call:
    sums = vectors(random, count, memory.config.n_embd)
    return Call({"sums": sums}, {"sums": np.full_like(sums, HALF_WORD)})


@twins("sums.entry", "digits", "sa1 digits")
def add_sums(memory: Memory, random: Random, count: int) -> Calls:
    """The twins for every exponent that a model's columns have."""
    calls: dict[str, Call] = {}
    for routine in (sums for code in memory.layout.templates_of(ColumnSumsCode) for sums in code.sums):
        sums, residual = (vectors(random, count, memory.config.n_embd) for _ in range(2))
        random.shuffle(residual[: len(EDGES)])
        given = {"sums": sums ^ HALF_WORD, "residual": residual}
        after = low_word(residual + fixed.round_shift(sums, routine.exponent))
        calls[routine.entry] = Call(given, {"sums": low_word(sums ^ HALF_WORD), "residual": after})
    return calls


@twin("digits", "sa1 digits")
def clear_hidden(memory: Memory, random: Random, count: int) -> Call:
    hidden = vectors(random, count, memory.config.n_hidden)
    return Call({"hidden": hidden}, {"hidden": np.zeros_like(hidden)})


@twin("digits", "sa1 digits")
def trace_slots(memory: Memory, random: Random, count: int) -> Call:
    numbers = memory.layout.digits
    assert numbers
    values = vectors(random, count, memory.config.n_embd)
    slots = plus_and_minus(values, numbers.norm_bias)
    return Call({"slots": slots, "normed": values[::-1]}, {"slots": slots, "normed": low_word(values)})


@twin("digits", "sa1 digits")
def residual_of_slots(memory: Memory, random: Random, count: int) -> Call:
    numbers = memory.layout.digits
    assert numbers
    values = vectors(random, count, memory.config.n_embd)
    slots = plus_and_minus(values, numbers.norm_bias)
    return Call({"slots": slots, "residual": values[::-1]}, {"slots": slots, "residual": low_word(values)})


@twin("digits", "sa1 digits")
def clamp_residual(memory: Memory, random: Random, count: int) -> Call:
    """Tried on residual streams that the range proof lets pass: up to the largest word less the clamp."""
    clamp, d = head(memory.model).clamp, memory.config.n_embd
    edges = np.array([clamp - 1, clamp, clamp + 1, fixed.WORD_MAX - clamp, 0])
    x = np.concatenate([np.tile(edges[:, None], d), -np.tile(edges[:, None], d), vectors(random, count, d)])
    x = np.clip(x, clamp - fixed.WORD_MAX, fixed.WORD_MAX - clamp)
    given = {"residual": x, "slots": np.zeros((len(x), 2 * d), np.int64)}
    return Call(given, {"residual": x, "slots": head_slots(memory.model, x)})


def head(model: IntegerModel) -> DigitRows:
    """lm_head's kernel."""
    kernel = model.head
    assert isinstance(kernel, DigitRows)
    return kernel


def head_slots(model: IntegerModel, residual: Ints) -> Ints:
    """The slots of the residual stream that lm_head's rows read."""
    clamp, shift = head(model).clamp, head(model).clamp_shift
    return plus_and_minus(fixed.round_shift(np.clip(residual, -clamp, clamp), shift), clamp >> shift)


@twin("digits", "sa1 digits")
def square_hidden(memory: Memory, random: Random, count: int) -> Call:
    a = np.concatenate([np.arange(2893, 2900), np.abs(EDGES[:-1]), random.integers(0, 1 << 15, count)])
    page = np.where(np.arange(len(a)) % 2, memory.at("slots"), 0)
    return Call({"A": a, "D": page}, {"A": relu2(a)})


def carries(random: Random, d: int, bits: int) -> Ints:
    """(N, d) vectors whose sum of squares has a carry from its low word with the epsilon that it begins with."""
    anything = random.integers(1 - (1 << bits), 1 << bits, (1 << 14, d))
    total = square_sum(anything, bits)[:, 0]
    return anything[(total & 0xFFFF) < table_epsilon(d, bits)][:4]


@twins("sa1 norm.entry", "sa1 digits", "sa1 llama")
@twins("norm.entry", "digits", "llama")
def norm(memory: Memory, random: Random, count: int) -> Calls:
    """Every table norm: spikes, constants and random vectors of every magnitude in its domain."""
    numbers, d = memory.layout.digits, memory.config.n_embd
    assert numbers
    calls = {}
    for routine in memory.layout.templates_of(TableNormCode):
        top = 1 << routine.bits
        edges = np.array([0, 1, -1, 7, 100, top // 2, top - 1, 1 - top, -top // 2])
        spikes = np.zeros((len(edges), d), np.int64)
        spikes[:, d // 2] = edges
        magnitude = 1 << random.integers(0, routine.bits + 1, (count, 1))
        anything = random.integers(-top + 1, top, (count, d)) * magnitude >> routine.bits
        x = np.concatenate([spikes, np.tile(edges[:, None], d), anything, carries(random, d, routine.bits)])
        given = {"residual": x, "slots": np.zeros((len(x), 2 * d), np.int64)}
        y = rmsnorm_table(x, routine.bits, routine.doublings)
        assert np.abs(y).max() <= numbers.norm_bias
        wanted = {"residual": x, "slots": plus_and_minus(y, numbers.norm_bias)}
        calls[routine.entry] = Call(given, wanted)
    return calls


@dataclass(frozen=True)
class Attended:
    """Cases of a layer's attention: keys and values (count, context, kv_dim) in bytes; what comes of them."""

    kernel: ByteAttention
    keys: Ints
    values: Ints
    position: Ints
    query: Ints
    weights: Ints
    attended: Ints

    @property
    def given(self) -> dict[str, Ints]:
        """What any routine reads, and its slots."""
        packed = low_word(self.values << 8 | self.keys & 0xFF)[np.arange(len(self.query)), self.position]
        shifted, slots = (
            self.query << self.kernel.query_shift,
            np.zeros((len(packed), 2 * self.query.shape[1]), int),
        )
        return {"query": shifted, "packed": packed, "position": self.position, "slots": slots}

    def wanted(self, bias: int) -> dict[str, Ints]:
        """The same afterwards."""
        slots = plus_and_minus(self.attended.reshape(len(self.query), -1), bias)
        return self.given | {"query": low_word(self.query << self.kernel.query_shift), "slots": slots}


def attended(memory: Memory, random: Random, count: int, layer: int, bias: int) -> Attended:
    """Caches of extremes, scores up to their words' ends, every position; every head in its window.

    Values are no larger than the proof lets pass: their means have room in slots of this bias.
    """
    config, kernel = memory.config, memory.model.kernel(f"layer{layer}.attention")
    assert isinstance(kernel, ByteAttention)
    heads, width, context = config.n_head, config.head_dim, config.block_size
    extremes = random.choice([-128, -127, -1, 0, 1, 127], (count // 4, 2, context, config.kv_dim))
    anything = random.integers(-128, 128, (count - count // 4, 2, context, config.kv_dim))
    keys, values = np.concatenate([extremes, anything]).transpose(1, 0, 2, 3)
    most = int((bias - 1) / MEAN_SLACK) >> kernel.value_shift
    values = np.clip(values, -most, most)
    position = edge_positions(memory, random, count)
    most = min(0x7FFF, 0x7FFF * 256 // (128 * width)) >> kernel.query_shift
    query = random.integers(-most, most + 1, (count, config.n_embd)) >> random.integers(0, 8, (count, 1))
    query[:8] = np.array([most, -most, most, -most, 0, 1, -1, most])[:, None]
    keys[:3] = np.array([-128, 127, 127])[:, None, None]  # every score at an end of its word, all alike
    read_keys, read_values = (cache.reshape(count, context, config.kv_heads, width) for cache in (keys, values))
    scores = kernel.scores(query.reshape(-1, heads, width), read_keys)
    assert fixed.fits_word(scores) and np.abs(scores).max() > 0x7800
    weights = softmax_weights_in_bytes(scores, position, kernel.score_bits, config.seen(layer))
    return Attended(kernel, keys, values, position, query, weights, kernel.mean(weights, read_values))


@twins("block.entry", "digits", "llama", "windows")
def attention(memory: Memory, random: Random, count: int) -> Calls:
    """Every layer's attention. What the rows of weights hold before is noise, beyond a window too."""
    config, calls, rows = memory.config, {}, np.arange(count)
    for number, routine in enumerate(memory.layout.templates_of(AttentionCode)):
        cases = attended(memory, random, count, number, routine.bias)
        position = cases.position
        given = cases.given | {"position_bytes": position * config.kv_dim}
        wanted = given | cases.wanted(routine.bias)
        for cache, kept in ((routine.keys, cases.keys), (routine.values, cases.values)):
            stale = kept.copy()
            stale[rows, position] = random.integers(-128, 128, (count, config.kv_dim))
            given[cache], wanted[cache] = byte_pairs(stale), byte_pairs(kept)
        calls[routine.entry] = Call(given, wanted)
    return calls


@twins("sa1 block.entry", "sa1 digits", "sa1 llama", "sa1 windows")
def attention_mac(memory: Memory, random: Random, count: int) -> Calls:
    """The same on the SA-1; some cases are seen by the x-ray screen. The attention's page is noise before."""
    calls, rows = {}, np.arange(count)
    for number, routine in enumerate(memory.layout.templates_of(MacAttentionCode)):
        cases = attended(memory, random, count, number, routine.bias)
        kept, stale = caches(memory, routine, cases, random)
        page, looks_at = random.integers(0, 256, (count, 2 * routine.page_bytes), np.uint8), rows % (number + 3)
        seen = looks_at == number + 1
        before = random.integers(0, 1 << 16, (count, cases.weights[0].size))
        shown = kept_weights(memory, cases, number, page[:, 1 : 1 + 2 * routine.chunks[-1].end])
        given = cases.given | stale | {"probing": looks_at, "weights": before}
        given["attention_page"] = np.ascontiguousarray(page[:, : routine.page_bytes & ~1]).view("<u2").astype(int)
        wanted = cases.wanted(routine.bias) | {
            **kept,
            "probing": looks_at,
            "weights": np.where(seen[:, None], shown, before),
        }
        calls[routine.entry] = Call(given, wanted)
    return calls


def caches(
    memory: Memory, routine: MacAttentionCode, cases: Attended, random: Random
) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Chunk → cells, (count, dimensions · positions): after the call, and before it, when the newest are noise."""
    cells = low_word(cases.values << 8 | cases.keys & 0xFF)
    count, context, width = cells.shape
    kept, stale = {}, {}
    for chunk in routine.chunks:
        whole = random.integers(0, 1 << 16, (count, width, chunk.positions))
        here = np.arange(chunk.first, min(chunk.end, context))
        whole[:, :, : len(here)] = cells[:, here].transpose(0, 2, 1)
        before = whole.copy()
        newest = cases.position[:, None] == np.arange(chunk.first, chunk.end)
        before[newest[:, None].repeat(width, 1)] = random.integers(0, 1 << 16, newest.sum() * width)
        kept[chunk.cache], stale[chunk.cache] = whole.reshape(count, -1), before.reshape(count, -1)
    return kept, stale


def kept_weights(memory: Memory, cases: Attended, layer: int, page: Bytes) -> Ints:
    """(count, heads · context): every head's weights as they are left for the x-ray screen.

    Beyond the newest position is what the page held: page (count, 2 · positions). A head with a window clears that.
    """
    config = memory.config
    context, seen = config.block_size, config.seen(layer)
    row = np.ascontiguousarray(page).view("<u2").astype(int)
    positions = np.arange(row.shape[1])
    newest = cases.position[:, None]
    row[positions == newest + 1] = 0
    kept = []
    for head, window in enumerate(seen):
        if window < context:
            row[:] = 0
        so_far = positions[:context] <= newest
        row[:, :context][so_far] = np.pad(cases.weights[:, head], ((0, 0), (0, context - cases.weights.shape[2])))[
            so_far
        ]
        kept.append(row[:, :context].copy())
    return np.concatenate(kept, axis=1)


def byte_pairs(values: Ints) -> Ints:
    """(N, …) signed bytes, an even number of them a case, as words."""
    return np.ascontiguousarray(values.astype(np.int8)).reshape(len(values), -1).view("<u2").astype(np.int64)
