"""The routines of the schoolbook kernel and of the sampler: edge cases first, then random ones."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from asm.cartridge import report_code
from asm.cartridge.transcript import checksums
from asm.kernels.schoolbook import RowsCode
from asm.targets.sa1 import BLOCK_BYTES, WINDOW
from quantize import fixed, sampler
from quantize.fixed import Ints
from quantize.kernels import activation, attention, norm
from quantize.kernels.schoolbook import Schoolbook
from quantize.sampler import MAX_TEMPERATURE, Generator, Token, inverse_temperature
from quantize.twins.note import note
from tables.rsqrt import rsqrt_table
from tests.support.routine_console import Call, Memory
from tests.support.twins.registry import Calls, Random, twin, twins

EDGES = np.array([0, 1, -1, 2, 4, 127, 128, -128, 255, 256, -256, 0x7FFE, 0x7FFF, -0x7FFF, -0x8000])
LONG_EDGES = np.concatenate(
    [
        [0, 1, -1, 0x7F, 0x80, -0x80, -0x81, 0xFFFF, 0x10000],
        [0x7FFF7F, 0x7FFF80, 0x7FFFFF, 0x800000, -0x800080, -0x800081, -0x800000],
        [0xFFFFFF, 0x7FFFFF7F, -0x80000000],
    ]
)
VECTOR = 8

ON_SA1 = ("sa1 digits", "sa1 schoolbook")


def numbers(random: Random, count: int, bits: int = 16) -> Ints:
    """Signed numbers of every magnitude, not only of the largest."""
    full = random.integers(-(1 << bits - 1), 1 << bits - 1, count)
    return np.asarray(full >> random.integers(0, bits, count), np.int64)


def vectors(random: Random, count: int, length: int) -> Ints:
    """(edges + count, length): constant vectors of every edge, then random ones, each of a magnitude of its own."""
    full = random.integers(-0x8000, 0x8000, (count, length)) >> random.integers(0, 15, (count, 1))
    return np.concatenate([np.repeat(EDGES[:, None], length, 1), full])


def pairs(random: Random, count: int) -> tuple[Ints, Ints]:
    """Every edge with every edge, then random words."""
    a, b = np.array(list(product(EDGES, EDGES))).T
    return np.append(a, numbers(random, count)), np.append(b, numbers(random, count))


def low_word(values: Ints) -> Ints:
    """The 16 bits that remain."""
    return values & 0xFFFF


@twin("schoolbook")
def mul_u16(memory: Memory, random: Random, count: int) -> Call:
    a, b = pairs(random, count)
    return Call({"mul_a": a, "mul_b": b}, {"product": low_word(a) * low_word(b), "mul_a": a, "mul_b": b})


@twins("sa1 mul_u16", *ON_SA1)
def mul_u16_sa1(memory: Memory, random: Random, count: int) -> Calls:
    """The same by the arithmetic unit."""
    return {"mul_u16": mul_u16(memory, random, count)}


@twin("schoolbook")
def mul_s16(memory: Memory, random: Random, count: int) -> Call:
    a, b = pairs(random, count)
    return Call({"mul_a": a, "mul_b": b}, {"product": a * b, "mul_a": a, "mul_b": b})


@twin("schoolbook", "sa1 schoolbook")
def round_q88(memory: Memory, random: Random, count: int) -> Call:
    acc = np.append(LONG_EDGES, numbers(random, count, 32))
    return Call({"acc": acc}, {"A": low_word(fixed.round_shift(acc, 8))})


@twin("schoolbook")
def round_shift(memory: Memory, random: Random, count: int) -> Call:
    deepest = rsqrt_table(memory.config.n_embd).shift
    edges = np.array(list(product(LONG_EDGES, range(deepest - 15, 32)))).T
    acc = np.append(edges[0], numbers(random, count, 32))
    bits = np.append(edges[1], random.integers(deepest - 15, 32, count))
    result = fixed.round_shift(acc, bits)
    return Call({"acc": acc, "X": bits}, {"acc": result, "A": low_word(result)})


@twin("schoolbook")
def divide(memory: Memory, random: Random, count: int) -> Call:
    edges = np.repeat([1, 2, 255, 0x7FFF, 0x8000, 0xFFFF], 4)
    divisor = np.append(edges, 1 + low_word(numbers(random, count)) % 0xFFFF)
    quotient = low_word(np.append(np.tile([0, 1, 0x8000, 0xFFFF], 6), numbers(random, count)))
    remainder = random.integers(0, divisor)
    remainder[:24:2] = divisor[:24:2] - 1
    dividend = quotient * divisor + remainder
    kept = np.stack([quotient, dividend >> 16], 1)
    return Call({"dividend": dividend, "divisor": divisor}, {"dividend": kept, "divisor": divisor, "A": remainder})


@twins("sa1 divide", "sa1 schoolbook")
def divide_sa1(memory: Memory, random: Random, count: int) -> Calls:
    """The same with its loop unrolled."""
    return {"divide": divide(memory, random, count)}


@twin("schoolbook", "sa1 schoolbook")
def exp_negative(memory: Memory, random: Random, count: int) -> Call:
    a = np.append(np.arange(-8, 2100), low_word(numbers(random, count)))
    return Call({"A": a}, {"A": attention.EXP[np.minimum(fixed.round_shift(low_word(a), 3), 256)]})


@twin("schoolbook", *ON_SA1)
def rsqrt(memory: Memory, random: Random, count: int) -> Call:
    heads = np.arange(64, 256) << 24
    powers = 1 << np.arange(32)
    anything = random.integers(1, 1 << 32, count) >> random.integers(0, 31, count)
    acc = np.maximum(np.concatenate([heads, heads - 1, powers, powers - 1, anything, [0xFFFFFFFF]]), 1)
    table = rsqrt_table(memory.config.n_embd)
    shifted = (31 - np.floor(np.log2(acc)).astype(np.int64)) >> 1
    scale = table.entries.astype(np.int64)[acc << (2 * shifted) >> 24]
    return Call({"acc": acc}, {"norm_scale": scale, "norm_shift": table.shift - shifted})


@twin("schoolbook", *ON_SA1)
def random(memory: Memory, random: Random, count: int) -> Call:
    x, y = map(low_word, pairs(random, count))
    generator = Generator(x, y)
    drawn = generator.draw()
    return Call({"random_x": x, "random_y": y}, {"A": drawn, "random_x": generator.x, "random_y": generator.y})


@twin("schoolbook")
def seed_random(memory: Memory, random: Random, count: int) -> Call:
    seeds = low_word(np.append(EDGES, numbers(random, count)))
    generator = Generator.seeded(seeds.tolist())
    return Call({"A": seeds}, {"random_x": generator.x, "random_y": generator.y})


@twin("schoolbook")
def token_checksum(memory: Memory, random: Random, count: int) -> Call:
    logits = vectors(random, count, memory.config.vocab_size)
    chosen, x, y = low_word(random.integers(0, 1 << 16, (3, len(logits))))
    rows = zip(chosen, x, y, logits, strict=True)
    tokens = [Token(0, 0, int(n), int(a), int(b), row, None) for n, a, b, row in rows]
    given = {"next_token": chosen, "random_x": x, "random_y": y, "logits": logits}
    return Call(given, {**given, "A": checksums(tokens)})


@twin("schoolbook")
def seal_report(memory: Memory, random: Random, count: int) -> Call:
    """Chips of every version; the region comes in A, and what the self-test found as it is in the last word."""
    cases = reports(random, count)
    sealed = np.array([report_code.words(case) for case in cases])
    given = {
        "A": sealed[:, 3] & 0x04,
        "report": sealed[:, :2],
        "golden_frames": sealed[:, 2],
        "golden_token": np.array([case.tokens for case in cases]),
        "golden_verdict": sealed[:, 3] & 0x38,
    }
    return Call(given, {"report": sealed})


@twin("schoolbook")
def report_digit(memory: Memory, random: Random, count: int) -> Call:
    sealed = np.array([report_code.words(case) for case in reports(random, count)])
    first = np.array([report_code.digits(words)[0] for words in sealed.tolist()])
    rest = [[*report_code.digits(words)[1:], 0] for words in sealed.tolist()]
    moved = [report_code.packed(digits) for digits in rest]
    return Call({"report": sealed}, {"A": first, "report": np.array(moved)})


def reports(random: Random, count: int) -> list[report_code.Report]:
    """Every field at its ends, then anything."""
    bits = report_code.BITS | {"sa1": 0, "format": 0}
    ends = [dict.fromkeys(bits, 0), {name: (1 << n) - 1 for name, n in bits.items()} | {"verdict": 2}]
    some = [{name: int(random.integers(1 << n)) for name, n in bits.items()} for _ in range(count)]
    return [report_code.report(case | {"verdict": min(case["verdict"], 2)}) for case in [*ends, *some]]


@twin("schoolbook")
def dot(memory: Memory, random: Random, count: int) -> Call:
    x, w = vectors(random, count, VECTOR), vectors(random, count, VECTOR)
    random.shuffle(w[: len(EDGES)])
    length = random.integers(1, VECTOR + 1, len(x))
    total = np.where(np.arange(VECTOR) < length[:, None], x * w, 0).sum(1)
    given = pointers(memory, len(x), x_ptr="normed", w_ptr="high_ram") | {"n_bytes": 2 * length}
    return Call(given | {"normed": x, "high_ram": w}, {"acc": total, "normed": x, "high_ram": w})


@twin("schoolbook")
def matvec(memory: Memory, random: Random, count: int) -> Call:
    rows = 3
    x, w = vectors(random, count, VECTOR), vectors(random, count, rows * VECTOR)
    asked = random.integers(1, rows + 1, len(x))
    y = random.integers(0, 1 << 16, (len(x), rows))
    full = np.stack([Schoolbook(w[n].reshape(rows, VECTOR))(x[n]) for n in range(len(x))])
    result = low_word(np.where(np.arange(rows) < asked[:, None], full, y))
    given = pointers(memory, len(x), x_ptr="normed", w_ptr="high_ram", y_ptr="high_ram+64")
    given |= {"n_bytes": np.full(len(x), 2 * VECTOR), "rows": asked, "normed": x, "high_ram": w, "high_ram+64": y}
    return Call(given, {"high_ram+64": result})


MIRRORS = np.array([0x00, 0x01, 0x3F, 0x80, 0xBF]) << 16
"""Banks in which the SA-1 sees what it needs beside a half of ROM."""


@twins("sa1 code.entry", "sa1 schoolbook")
def rows_mac(memory: Memory, random: Random, count: int) -> Calls:
    """The code for every vector that matrices multiply. The rows are in the window, here."""
    calls, most, room = {}, 3, memory.at("work_end")
    for code in memory.layout.templates_of(RowsCode):
        own = f"work_end+{2 * most * code.inputs}"
        assert memory.at(own) + 2 * most <= WINDOW + BLOCK_BYTES
        x, w = vectors(random, count, code.inputs), vectors(random, count, most * code.inputs)
        random.shuffle(w[: len(EDGES)])
        asked = random.integers(1, most + 1, len(x))
        y = random.integers(0, 1 << 16, (len(x), most))
        full = np.stack([Schoolbook(w[n].reshape(most, code.inputs))(x[n]) for n in range(len(x))])
        given = {code.source: x, "work_end": w, own: y, "rows": asked, "y_ptr": np.full(len(x), memory.at(own))}
        given["w_ptr"] = room + random.choice(MIRRORS, len(x))
        kept = {code.source: x, "w_ptr": given["w_ptr"], "y_ptr": given["y_ptr"]}
        result = np.where(np.arange(most) < asked[:, None], full, y)
        calls[code.entry] = Call(given, kept | {own: low_word(result)})
    return calls


@twin("schoolbook", "sa1 schoolbook")
def add_vector(memory: Memory, random: Random, count: int) -> Call:
    x, y = vectors(random, count, VECTOR), vectors(random, count, VECTOR)
    random.shuffle(y[: len(EDGES)])
    length = random.integers(1, VECTOR + 1, len(x))
    result = np.where(np.arange(VECTOR) < length[:, None], x + y, y)
    given = pointers(memory, len(x), x_ptr="branch", y_ptr="high_ram") | {"n_bytes": 2 * length}
    return Call(given | {"branch": x, "high_ram": y}, {"branch": x, "high_ram": low_word(result)})


@twin("schoolbook", "sa1 schoolbook")
def add_rows(memory: Memory, random: Random, count: int) -> Call:
    w, y = vectors(random, count, VECTOR), vectors(random, count, VECTOR)
    random.shuffle(y[: len(EDGES)])
    given = pointers(memory, len(w), x_ptr="residual", y_ptr="high_ram", w_ptr="high_ram+32")
    given |= {"n_bytes": np.full(len(w), 2 * VECTOR), "high_ram": y, "high_ram+32": w}
    return Call(given, {"residual": low_word(w + y)})


@twin("schoolbook", "sa1 schoolbook")
def relu(memory: Memory, random: Random, count: int) -> Call:
    return in_place(memory, random, count, activation.relu)


@twin("schoolbook", "sa1 schoolbook")
def square_q88(memory: Memory, random: Random, count: int) -> Call:
    a = np.concatenate([[0, 1, 0x7FFF], np.arange(2893, 2900), random.integers(0, 1 << 15, count)])
    return Call({"A": a}, {"A": activation.relu2(a)})


@twin("schoolbook", "sa1 schoolbook")
def relu2(memory: Memory, random: Random, count: int) -> Call:
    return in_place(memory, random, count, activation.relu2)


def in_place(memory: Memory, random: Random, count: int, function: Callable[[Ints], Ints]) -> Call:
    """A routine that changes the vector at x_ptr; relu2's square saturates from 2896 on."""
    corner = np.arange(2893, 2893 + VECTOR)[None]
    x = np.concatenate([corner, vectors(random, count, VECTOR)])
    length = random.integers(1, VECTOR + 1, len(x))
    length[0] = VECTOR
    result = np.where(np.arange(VECTOR) < length[:, None], function(x), x)
    given = pointers(memory, len(x), x_ptr="hidden") | {"n_bytes": 2 * length, "hidden": x}
    return Call(given, {"hidden": low_word(result)})


@twin("schoolbook")
def rmsnorm(memory: Memory, random: Random, count: int) -> Call:
    d = memory.config.n_embd
    spikes = np.zeros((8, d), np.int64)
    spikes[:, 3] = [1, -1, 2, -2, 0x7FFF, -0x7FFF, -0x8000, 256]
    full = np.zeros((4, d), np.int64)
    full[0, :4], full[1, :3], full[2, :], full[3, :] = 0x7FFF, -0x8000, 1, int(np.sqrt(2.0**32 / d)) - 1
    carries = np.zeros((1, d), np.int64)
    carries[0, :4] = 255, 22, 5, 1  # their squares sum to 2^16 − 1
    x = np.concatenate([spikes, full, carries, vectors(random, count + count // 5, d)])
    x = x[(x * x).sum(1) + norm.norm_epsilon(d) < 1 << 32]
    where = random.integers(0, 2, len(x))  # into another vector or onto itself
    given = pointers(memory, len(x), x_ptr="residual", y_ptr="high_ram")
    given["y_ptr"] = np.where(where, given["y_ptr"], memory.far("residual"))
    other = random.integers(0, 1 << 16, x.shape)
    y = low_word(norm.rmsnorm(x))
    given |= {"n_bytes": np.full(len(x), 2 * d), "residual": x, "high_ram": other}
    own = where[:, None] == 1
    return Call(given, {"residual": np.where(own, x, y), "high_ram": np.where(own, y, other)})


@twins("sa1 rmsnorm", "sa1 schoolbook")
def rmsnorm_sa1(memory: Memory, random: Random, count: int) -> Calls:
    """The same by the arithmetic unit."""
    return {"rmsnorm": rmsnorm(memory, random, count)}


@twin("schoolbook")
def attention_scores(memory: Memory, random: Random, count: int) -> Call:
    config = memory.config
    query = vectors(random, count, config.head_dim)
    keys, head, position = cache_rows(memory, random, len(query))
    own = head_of(keys, head, memory)
    full = attention.attention_scores(query[:, None, :], own[:, :, None, :])[:, 0]
    before = random.integers(0, 1 << 16, full.shape)
    seen = np.arange(config.block_size) <= position[:, None]
    given = pointers(memory, len(query), x_ptr="query", w_ptr="high_ram")
    given["w_ptr"] += 2 * config.head_dim * head
    given |= {"n_bytes": np.full(len(query), 2 * config.head_dim), "position": position}
    given |= {"query": query, "high_ram": keys, "scores": before}
    return Call(given, {"scores": low_word(np.where(seen, full, before)), "position": position})


@twins("sa1 attention_scores", "sa1 schoolbook")
def attention_scores_sa1(memory: Memory, random: Random, count: int) -> Calls:
    """The same by the arithmetic unit."""
    return {"attention_scores": attention_scores(memory, random, count)}


@twin("schoolbook", "sa1 schoolbook")
def softmax_weights(memory: Memory, random: Random, count: int) -> Call:
    length = memory.config.block_size
    scores = vectors(random, count, length)
    scores[: len(EDGES), 0] = random.permuted(EDGES)
    ramp = np.stack([np.arange(length) * step for step in (-4, -3, 3, 4, 1023, -1023)])  # rounding, table's end
    scores = np.concatenate([scores, ramp, -ramp])
    position = edge_positions(memory, random, len(scores))
    before = random.integers(0, 1 << 16, scores.shape)
    weights = attention.softmax_weights(scores[:, None], position)[:, 0]
    seen = np.arange(length) <= position[:, None]
    given = {"scores": scores, "position": position, "weights": before}
    wanted = {"weights": np.where(seen, weights, before), "weight_sum": weights.sum(1), "scores": scores}
    return Call(given, wanted | {"position": position})


@twin("schoolbook")
def weighted_mean(memory: Memory, random: Random, count: int) -> Call:
    config = memory.config
    weights = random.integers(0, 256, (count + 8, config.block_size)) >> random.integers(0, 8, (count + 8, 1))
    values, head, position = cache_rows(memory, random, len(weights))
    weights[:4], position[:4] = 255, config.block_size - 1  # the largest sum, with the largest values
    weights[4:8] = 1
    seen = np.arange(config.block_size) <= position[:, None]
    rows = np.arange(len(weights))
    weights[rows, random.integers(0, position + 1)] |= 1  # never all zero
    total = np.where(seen, weights, 0)
    mean = attention.attend(total[:, None], head_of(values, head, memory)[:, :, None, :])[:, 0]
    given = pointers(memory, len(weights), w_ptr="high_ram", y_ptr="attended")
    given["w_ptr"] += 2 * config.head_dim * head
    given |= {"weights": weights, "weight_sum": total.sum(1), "position": position, "high_ram": values}
    given["position_bytes"] = 2 * config.n_embd * position
    return Call(given, {"attended": low_word(mean), "weights": weights, "position": position})


@twins("sa1 weighted_mean", "sa1 schoolbook")
def weighted_mean_sa1(memory: Memory, random: Random, count: int) -> Calls:
    """The same by the arithmetic unit."""
    return {"weighted_mean": weighted_mean(memory, random, count)}


@twin("schoolbook", every=MAX_TEMPERATURE + 1)
def set_temperature(memory: Memory, random: Random, count: int) -> Call:
    """Every temperature once: there are no others. Beyond the cutoff nothing is written."""
    shift = memory.model.logit_shift
    tenths = np.arange(MAX_TEMPERATURE + 1)
    inverse = np.array([inverse_temperature(t, shift) for t in tenths.tolist()])
    table = random.integers(0, 1 << 16, (len(tenths), memory.size["distance_weights"] // 2))
    given = {"temperature": tenths, "distance_weights": table}
    filled = table.copy()
    for row, inverse_t in zip(filled, inverse.tolist(), strict=True):
        row[: sampler.cutoff(inverse_t)] = sampler.distance_weights(inverse_t)
    wanted = {"temperature": tenths, "inverse_t": inverse, "cutoff": cutoffs(inverse), "distance_weights": filled}
    return Call(given, wanted)


@twin("schoolbook", *ON_SA1)
def sampling_weights(memory: Memory, random: Random, count: int) -> Call:
    logits, candidates = candidate_logits(memory, random, count)
    inverse_t = inverse_temperatures(random, len(logits), lowest=1)
    weights = random.integers(0, 1 << 16, logits.shape)
    total = np.zeros(len(logits), np.int64)
    for n, (row, length, inverse) in enumerate(zip(logits, candidates, inverse_t.tolist(), strict=True)):
        weights[n, :length] = sampler.sampling_weights(row[None, :length], inverse)[0]
        total[n] = weights[n, :length].sum()
    given = {"logits": logits, "candidates": 2 * candidates} | distances(random, inverse_t)
    given["sample_weights"] = np.where(np.arange(logits.shape[1]) < candidates[:, None], 0, weights)
    return Call(given, {"sample_weights": weights, "acc": total, "logits": logits})


@twin("schoolbook", *ON_SA1)
def largest_logit(memory: Memory, random: Random, count: int) -> Call:
    logits, candidates = candidate_logits(memory, random, count)
    open_to_choice = np.arange(logits.shape[1]) < candidates[:, None]
    largest = np.where(open_to_choice, logits, -0x8001)
    given = {"logits": logits, "candidates": 2 * candidates}
    wanted = {"column": low_word(largest.max(1)), "X": 2 * largest.argmax(1), "logits": logits}
    return Call(given, wanted | {"candidates": 2 * candidates})


@twin("schoolbook", *ON_SA1)
def choose_token(memory: Memory, random: Random, count: int) -> Call:
    logits, candidates = candidate_logits(memory, random, count)
    x, y = low_word(numbers(random, len(logits))), low_word(numbers(random, len(logits)))
    x[:40], y[:40] = 0, np.tile([0, gray_inverse(0xFFFF)], 20)  # the smallest draw and the largest
    inverse_t = inverse_temperatures(random, len(logits), lowest=0)
    generator = Generator(x.copy(), y.copy())
    drawn = generator.draw()
    top_p = np.where(random.integers(0, 2, len(logits)), random.integers(1, 100, len(logits)), 0)
    chosen = [
        sampler.choose(row[None, :length], inverse, np.array([draw]), percent)[0]
        for row, length, inverse, draw, percent in zip(
            logits, candidates, inverse_t.tolist(), drawn, top_p.tolist(), strict=True
        )
    ]
    given = {"logits": logits, "candidates": 2 * candidates, "inverse_t": inverse_t, "random_x": x, "random_y": y}
    given |= distances(random, inverse_t) | {"top_share": top_shares(top_p)}
    wanted = {"next_token": np.array(chosen), "random_x": generator.x, "random_y": generator.y, "logits": logits}
    return Call(given, wanted | {"inverse_t": inverse_t})


@twin("schoolbook")
def set_top_p(memory: Memory, random: Random, count: int) -> Call:
    """Every percentage, again and again."""
    top_p = np.arange(max(count, 100)) % 100
    return Call({"A": top_p}, {"top_share": top_shares(top_p)})


@twin("schoolbook", *ON_SA1)
def share_of_sum(memory: Memory, random: Random, count: int) -> Call:
    share, total = (
        low_word(numbers(random, count)),
        random.integers(0, 1 << 26, count) >> random.integers(0, 26, count),
    )
    share[:6], total[:6] = [0, 1, 0xFFFF, 0xFFFF, 0x8000, 0], [1 << 26, 0xFFFF, 0xFFFF, (1 << 26) - 1, 0x20000, 0]
    return Call({"A": share, "acc": total}, {"dividend": share * total >> 16, "acc": total})


@twin("schoolbook", *ON_SA1)
def nucleus(memory: Memory, random: Random, count: int) -> Call:
    weights, candidates = possible_weights(memory, random, count)
    top_p = np.append(np.tile([1, 50, 99], 5), random.integers(1, 100, len(weights) - 15))
    kept, total = weights.copy(), np.zeros(len(weights), np.int64)
    before = total.copy()
    for n, (row, length, percent) in enumerate(zip(kept, candidates, top_p.tolist(), strict=True)):
        before[n] = row[:length].sum()
        row[:length] = sampler.nucleus(row[None, :length], percent)[0]
        total[n] = row[:length].sum()
    given = {"sample_weights": weights, "candidates": 2 * candidates, "acc": before, "top_share": top_shares(top_p)}
    wanted = {"sample_weights": kept, "candidates": 2 * candidates, "acc": total}
    return Call(given, wanted | {"top_share": given["top_share"]})


@twin("schoolbook", *ON_SA1)
def least_kept(memory: Memory, random: Random, count: int) -> Call:
    """Sums that are met exactly, by one less, and any."""
    weights, candidates = possible_weights(memory, random, count)
    exceeded, least = np.zeros((2, len(weights)), np.int64)
    for n, (row, length) in enumerate(zip(weights, candidates, strict=True)):
        sums = np.sort(row[:length])[::-1].cumsum()
        near = random.choice(sums) - random.integers(0, 2)
        exceeded[n] = near if n % 2 and near < sums[-1] else random.integers(0, sums[-1])
        least[n] = np.sort(row[:length])[::-1][(sums > exceeded[n]).argmax()]
    given = {"sample_weights": weights, "candidates": 2 * candidates, "dividend": exceeded}
    return Call(given, {"A": least, "sample_weights": weights, "candidates": 2 * candidates})


def possible_weights(memory: Memory, random: Random, count: int) -> tuple[Ints, Ints]:
    """(N, vocab) sampling weights, and how many tokens may be chosen: one weight, all alike, two in turn, any.

    Among those that may be chosen one is the largest there is.
    """
    vocab = memory.config.vocab_size
    alone, alike = np.zeros((5, vocab), np.int64), np.full((5, vocab), 0xFFFF)
    two = random.choice(attention.EXP, (count // 4, 1, 2))
    two = np.take_along_axis(two.repeat(vocab, 1), random.integers(0, 2, (len(two), vocab, 1)), 2)[:, :, 0]
    steps = random.integers(0, 1 + random.integers(1, 257, (count, 1)), (count, vocab))
    weights = np.concatenate([alone, alike, alone, two, attention.EXP[steps]])
    candidates = np.append(
        np.tile([vocab, vocab - 1, 1, 2, vocab], 3), random.integers(1, vocab + 1, len(weights) - 15)
    )
    weights[10:15, -1] = 0xFFFF  # beyond the last candidate: it must not count
    weights[np.arange(len(weights)), random.integers(0, candidates)] = 0xFFFF
    return weights, candidates


def top_shares(top_p: Ints) -> Ints:
    """The Q0.16 share that goes with each percentage."""
    return np.array([sampler.top_share(percent) for percent in top_p.tolist()])


@twin("schoolbook")
def play_letter(memory: Memory, random: Random, count: int) -> Call:
    """Sums of 16 bits and more; likely and unlikely letters; powers of two and their neighbours."""
    vocab = memory.config.vocab_size
    scale = random.integers(0, 16, (count, 1))
    weights = np.maximum(
        random.integers(0, 1 << 16, (count, vocab)) >> scale >> random.integers(0, 9, (count, vocab)), 1
    )
    chosen = random.integers(0, vocab, count)
    even = count // 2
    total = 1 << random.integers(5, 20, even)
    own = np.clip((total >> random.integers(0, 16, even)) + random.integers(-1, 2, even), 1, 0xFFFF)
    rest = np.maximum(total - own, 0)
    weights[:even] = rest[:, None] // (vocab - 1)
    weights[:even, 0] += rest % (vocab - 1)
    weights = np.minimum(weights, 0xFFFF)
    chosen[:even] = vocab - 1
    weights[:even, -1] = own
    muted, greedy = random.integers(0, 8, (2, count)) == 0
    sent = random.integers(0, 256, count)
    inverse_t = np.where(greedy, 0, random.integers(1, 1 << 15, count))
    given = {"muted": muted.astype(int), "inverse_t": inverse_t, "next_token": chosen, "note_sent": sent}
    given |= {"sample_weights": weights, "acc": weights.sum(1)}
    number = np.where(greedy, 0, note(weights, chosen))
    return Call(given, given | {"note_sent": np.where(muted, sent, (sent & 0x80 ^ 0x80) + number)})


MAX_DISTANCES = 512
"""Entries of the table given to a routine that only reads it; the routine that fills it is tried to its end."""


def inverse_temperatures(random: Random, count: int, lowest: int) -> Ints:
    """1/T of every temperature in tenths from `lowest` on, logits halved three times, then any that can be."""
    every = [inverse_temperature(tenths, 3) for tenths in range(lowest, MAX_TEMPERATURE + 1)]
    any_other = random.integers(every[-1], (2560 << 3) + 1, count)
    return np.append(np.repeat(every, 4), any_other)[:count]


def distances(random: Random, inverse_t: Ints) -> dict[str, Ints]:
    """The cutoff and the table of weights that go with each 1/T; beyond the cutoff there is noise."""
    table = random.integers(0, 1 << 16, (len(inverse_t), MAX_DISTANCES))
    for row, inverse in zip(table, inverse_t.tolist(), strict=True):
        row[: sampler.cutoff(inverse)] = sampler.distance_weights(inverse)
    return {"cutoff": cutoffs(inverse_t), "distance_weights": table}


def cutoffs(inverse_t: Ints) -> Ints:
    """The cutoff that goes with each 1/T."""
    return np.array([sampler.cutoff(inverse) for inverse in inverse_t.tolist()])


def gray_inverse(target: int) -> int:
    """The y with y ^ (y >> 1) = target: from x = 0 the generator then draws the target."""
    y = 0
    while target:
        y, target = y ^ target, target >> 1
    return y


def pointers(memory: Memory, count: int, **names: str) -> dict[str, Ints]:
    """Pointer → where it points, for every case; where long ones look."""
    look = {"x_ptr": memory.at, "w_ptr": memory.far, "y_ptr": memory.far}
    return {pointer: np.full(count, look[pointer](name)) for pointer, name in names.items()}


def edge_positions(memory: Memory, random: Random, count: int) -> Ints:
    """First and last, then any position."""
    last = memory.config.block_size - 1
    return np.append([0, last, 0, last], random.integers(0, last + 1, count - 4))


def cache_rows(memory: Memory, random: Random, count: int) -> tuple[Ints, Ints, Ints]:
    """A whole cache (count, block · d) with edges, a head and a position for every case."""
    config = memory.config
    rows = vectors(random, count, config.block_size * config.n_embd)[:count]
    extremes = rows[: min(count, len(EDGES))]
    extremes[4:] = random.choice(EDGES, extremes[4:].shape)
    extremes[:4] = np.array([0x7FFF, -0x8000, 0x7FFF, -1])[: len(extremes), None]
    return rows, random.integers(0, config.n_head, count), edge_positions(memory, random, count)


def head_of(rows: Ints, head: Ints, memory: Memory) -> Ints:
    """(N, T, head_dim) of a cache (N, T · d)."""
    config = memory.config
    split = rows.reshape(len(rows), config.block_size, config.n_head, config.head_dim)
    return split[np.arange(len(rows)), :, head]


def candidate_logits(memory: Memory, random: Random, count: int) -> tuple[Ints, Ints]:
    """(N, vocab) logits, full of ties and extremes, and how many of them may be chosen."""
    vocab = memory.config.vocab_size
    tied = random.choice(EDGES, (20, vocab))
    near = random.integers(-2, 3, (20, vocab)) + random.choice(EDGES[1:11], (20, 1))
    usual = random.integers(-2000, 2000, (count // 2, vocab))
    logits = np.concatenate([vectors(random, count - count // 2, vocab), tied, near, usual])
    random.shuffle(logits[len(EDGES) :])
    candidates = np.append([vocab, vocab - 1, 1], random.integers(1, vocab + 1, len(logits) - 3))
    return logits, candidates
