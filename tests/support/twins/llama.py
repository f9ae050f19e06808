"""The llama blocks' own routines: edge cases first, then random ones."""

from __future__ import annotations

import numpy as np

from asm.kernels.gate import GateCode
from asm.kernels.residual import CutSumCode, CutSumRoutine
from asm.kernels.rotary import TurnCode
from quantize.fixed import HALVES_LIMIT, WORD_MAX, Ints, narrow_limit
from quantize.kernels.byte_attention import narrow
from quantize.kernels.gate import gated
from quantize.kernels.residual import OUT_SUMS, add_cut
from quantize.kernels.rotary import rotate
from quantize.ranges import Ranges
from quantize.schedule import Add, schedule
from tables.rotary import rotary_worst_error
from tables.silu import silu_table
from tests.support.routine_console import Call, Memory
from tests.support.twins.registry import Calls, Random, twins
from tests.support.twins.schoolbook import low_word, vectors

MINUS_PART = 128


def pairs_of(length: float, random: Random, shape: tuple[int, int]) -> Ints:
    """(N, n) pairs within a circle, the first of them on it, and the first of those along an axis."""
    cases, elements = shape
    turn = random.uniform(0, 2 * np.pi, (cases, elements // 2))
    turn[:8] = (np.arange(8) * np.pi / 4)[: len(turn), None]
    reach = np.where(np.arange(cases) < cases // 3, 1.0, random.random(cases))[:, None] * length
    pairs = np.stack([np.cos(turn), np.sin(turn)], axis=2).reshape(shape)
    return np.fix(pairs * reach.repeat(elements, 1)).astype(np.int64)


@twins("sa1 turns.entry", "sa1 llama")
@twins("turns.entry", "llama")
def turns(memory: Memory, random: Random, count: int) -> Calls:
    """Every layer's turns, at every position: pairs as long as their words allow, keys and values that are cut."""
    config, calls = memory.config, {}
    heads, kv, width = config.n_head, config.kv_heads, config.head_dim
    cases = max(count, 3 * config.block_size)
    position = np.arange(cases) % config.block_size
    longer = 1 + rotary_worst_error(width, config.block_size, config.rope_base)
    for number, routine in enumerate(memory.layout.templates_of(TurnCode)):
        centre = memory.model.tensors[f"layer{number}.key_centre"][0]
        most = int(narrow_limit(routine.key_shift) * 256)
        query = pairs_of(
            min(HALVES_LIMIT, WORD_MAX >> routine.query_shift) / longer - 3, random, (cases, config.n_embd)
        )
        key = pairs_of((most - np.abs(centre).max()) / longer - 3, random, (cases, config.kv_dim))
        key[::2] >>= random.integers(0, 8, (len(key[::2]), 1))
        edges = cut_edges(routine.key_shift, most)
        still = np.flatnonzero(position == 0)[: len(edges)]
        key[still] = centre + edges[: len(still), None]
        value = vectors(random, cases, config.kv_dim)[:cases]
        edges = cut_edges(routine.value_shift, int(narrow_limit(routine.value_shift) * 256))
        value[: len(edges)] = edges[:, None]
        value = np.minimum(value, edges.max())
        turned, keys = (
            rotate(x.reshape(cases, n, width), position, config.rope_base, config.block_size).reshape(cases, -1)
            for x, n in ((query, heads), (key, kv))
        )
        narrow_key = narrow(keys - centre, routine.key_shift)
        packed = narrow(value, routine.value_shift) << 8 | narrow_key & 0xFF
        assert np.abs(turned).max() << routine.query_shift <= WORD_MAX
        assert {-128, 127} <= set(np.unique(narrow_key)) and (keys - centre).max() <= most
        given = {"query": query, "key": key, "value": value, "position": position}
        wanted = given | {"query": low_word(turned << routine.query_shift), "packed": low_word(packed)}
        calls[routine.entry] = Call(given, wanted)
    return calls


def cut_edges(shift: int, most: int) -> Ints:
    """The values that are just kept and just cut as a byte, and the farthest on either side."""
    step = 1 << shift
    high, low = 127 * step + (step >> 1), -128 * step - (step >> 1)
    return np.array([high - 1, high, high + 1, low - 1, low, low + 1, most, -most, 0, step >> 1, (step >> 1) - 1])


def edge_gates(bits: int, limit: int, *, cuts: bool) -> tuple[Ints, Ints]:
    """Gates and ups, (n,): the table's ends and beyond, the low byte's, products at the limit, and the largest."""
    top = 1 << bits
    gates = np.array([-top, 1 - top, -top // 2, -331, -1, 0, 1, 300, top // 2, top - 2, top - 1])
    gates = np.concatenate([gates, [top, top + 1, -top - 1, WORD_MAX, -WORD_MAX] if cuts else []]).astype(np.int64)
    ups = np.array([0, 1, -1, 127, 128, 129, -128, -129, 255, 256, 1 << 14, -1 << 14, HALVES_LIMIT, -HALVES_LIMIT])
    silu = silu_table(bits)[np.clip(gates + top, 0, 2 * top - 1) >> (bits - 11)]
    at_limit = limit * 256 // np.where(silu, silu, 1)[:, None] * [1, -1]
    near = (at_limit[:, :, None] + np.arange(-2, 3)).reshape(len(gates), -1)
    every = np.concatenate([np.tile(ups, (len(gates), 1)), np.clip(near, -HALVES_LIMIT, HALVES_LIMIT)], axis=1)
    return gates.repeat(every.shape[1]), every.reshape(-1)


@twins("sa1 gate.entry", "sa1 llama")
@twins("gate.entry", "llama")
def gate(memory: Memory, random: Random, count: int) -> Calls:
    """The gates of every part: every edge, and random values of every magnitude, from unit to unit."""
    calls, room = {}, memory.size["gate"] // 2
    for routine in memory.layout.templates_of(GateCode):
        units = routine.units
        top, limit = 1 << routine.bits, routine.limit
        edges = edge_gates(routine.bits, limit, cuts=routine.cuts)
        cases, most = len(edges[0]) + count, WORD_MAX if routine.cuts else top - 1
        x = np.concatenate([edges[0], random.integers(-most, most + 1, count)])
        up = np.concatenate([edges[1], random.integers(-HALVES_LIMIT, HALVES_LIMIT + 1, count)])
        up[-count:] >>= random.integers(0, 8, count)
        rows = max(count, -(-cases // units))
        order = (np.arange(rows)[:, None] * units + np.arange(room)) % cases
        x, up = x[order], up[order]
        hidden = gated(x[:, :units], up[:, :units], routine.bits, limit, routine.shift)
        assert {-limit >> routine.shift, limit >> routine.shift, 0} <= set(np.unique(hidden))
        pages = random.integers(0, 1 << 16, (rows, memory.size["hidden_slots"] // 2))
        slots = pages.copy()
        slots[:, :units], minus = routine.bias + hidden, MINUS_PART // 2
        slots[:, minus : minus + units] = routine.bias - hidden
        given = {"gate": x, "up": up, "hidden_slots": pages}
        calls[routine.entry] = Call(given, given | {"hidden_slots": low_word(slots)})
    return calls


def reaches(memory: Memory) -> dict[str, tuple[int, int]]:
    """The routine of every cut sum → the largest word that is added by it, and the largest sum, of any layer."""
    ranges = Ranges(memory.model)
    proved = [bound.largest for bound in ranges.bounds if bound.value == OUT_SUMS]
    calls = [call for call in memory.layout.calls if isinstance(call.routine, CutSumRoutine)]
    assert len(proved) == len(calls) == sum(isinstance(block, Add) for block in schedule(memory.config))
    found: dict[str, tuple[int, int]] = {}
    for call, largest in zip(calls, proved, strict=True):
        most, sums = found.get(call.entry, (0, 0))
        assert isinstance(call.routine, CutSumRoutine)
        own = int(ranges.cut_sums[call.routine.kernel.name])
        found[call.entry] = max(most, int(largest * 256)), max(sums, own)
    return found


@twins("cut.entry", "llama", "sa1 llama")
def cut(memory: Memory, random: Random, count: int) -> Calls:
    """Every way to add to the residual stream: what is added up to what its rows can reach, any word if far."""
    calls, d = {}, memory.config.n_embd
    reach = reaches(memory)
    for routine in memory.layout.templates_of(CutSumCode):
        most, largest = (WORD_MAX, 1 << 20) if routine.far else reach[routine.entry]
        limit, doubled = routine.limit, (routine.limit >> routine.doublings) + np.arange(-2, 3)
        edges = np.concatenate(
            [doubled, 2 * doubled, [0, 1, routine.far, routine.far + 1, routine.far - 1, most - 1, most]]
        )
        edges = np.clip(np.concatenate([edges, -edges]), -most, most)
        streams = np.array([limit, -limit, limit - 1, 1, 0, -1])
        x = np.concatenate([np.tile(streams, len(edges)), random.integers(-limit, limit + 1, count)])
        y = np.concatenate([edges.repeat(len(streams)), random.integers(-most, most + 1, count)])
        y[-count // 2 :] >>= random.integers(0, 8, len(y[-count // 2 :]))
        order = (np.arange(len(x))[:, None] + 7 * np.arange(d)) % len(x)
        x, y = x[order], y[order]
        room = largest - (np.abs(y) << routine.doublings)  # not every layer's stream is as large as it may be
        x = np.clip(x, -room, room)
        result = add_cut(x, y, routine.doublings, routine.bits)
        assert {-limit, limit} <= set(np.unique(result)) or (most << routine.doublings) < limit
        calls[routine.entry] = Call({"residual": x, "branch": y}, {"residual": result, "branch": y})
    return calls
