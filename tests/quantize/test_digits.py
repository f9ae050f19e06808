"""Signed digits: the fewest, exact in their planes, and rows of code that do what their meaning says."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asm.cost.instructions import Instruction, immediate
from asm.kernels.row_code import Slots, bias_for, pair_code, row_code
from asm.kernels.row_code import evaluate as planner_s_own
from asm.kernels.shared_sums import Pair, Term, choose_pairs, cover, partners
from quantize.digits import MAX_EXPONENT, canonical, count, planes
from quantize.fixed import Ints, round_shift
from quantize.images import Floats, Image, ball
from quantize.kernels.digit_columns import DigitColumns
from quantize.kernels.digit_rows import Digits, floored_plane
from trainer.errors import InputError

WORDS = st.integers(-0x8000, 0x7FFF)
HALVINGS = 8


def box(limit: int) -> Image:
    """All vectors with elements up to ±limit."""

    def image(w: Floats) -> Floats:
        return np.asarray(np.abs(w).sum(1) * limit, np.float64)

    return image


def fewest(limit: int) -> dict[int, int]:
    """Number → the fewest signed powers of two that sum to it, by trying: one more digit a round."""
    powers = [sign << bit for bit in range(limit.bit_length() + 2) for sign in (1,)]
    found, edge, digits = {0: 0}, {0}, 0
    while edge:
        digits += 1
        reached = {n + sign * p for n in edge for p in powers for sign in (1, -1)}
        edge = {n for n in reached if abs(n) <= 4 * limit and n not in found}
        found |= dict.fromkeys(edge, digits)
    return found


FEWEST = fewest(600)


@given(st.lists(WORDS, min_size=1))
def test_the_canonical_form_is_exact_and_not_adjacent(words: list[int]) -> None:
    digits = canonical(np.array(words)).astype(np.int64)
    assert np.abs(digits).max() <= 1
    assert (digits * (1 << np.arange(len(digits)))[:, None]).sum(0).tolist() == words
    assert not (digits[1:] & digits[:-1] & 1).any()


def test_no_number_has_fewer_digits() -> None:
    numbers = np.arange(-600, 601)
    digits = np.abs(canonical(numbers)).sum(0)
    assert digits.tolist() == [FEWEST[n] for n in numbers.tolist()]


EXPONENTS = st.integers(0, MAX_EXPONENT)


@given(st.lists(st.lists(WORDS, min_size=3, max_size=3), min_size=1, max_size=4), EXPONENTS)
def test_planes_sum_to_the_matrix(rows: list[list[int]], exponent: int) -> None:
    weights = np.array(rows)
    found = planes(weights, exponent)
    total = sum((plane.digits << (8 + exponent - plane.shift) for plane in found), start=0 * weights)
    assert total.tolist() == rows
    assert [plane.shift for plane in found] == sorted((plane.shift for plane in found), reverse=True)
    assert all(plane.digits.any() for plane in found)
    assert all(np.abs(plane.digits).max() == 1 for plane in found if plane.shift)
    assert count(weights, exponent) == sum(int(np.abs(plane.digits).sum()) for plane in found)


MATRICES = st.tuples(st.integers(0, 2**32 - 1), st.integers(4, 64), st.sampled_from([0.1, 0.5, 1.0]))


def matrix(seed: int, inputs: int, density: float, rows: int = 4) -> tuple[Ints, Ints]:
    """Weights of one to three digits, zeros among them, up to ±4; and vectors within ±2048, its corners first."""
    random = np.random.default_rng(seed)
    sizes = 1 << random.integers(0, 11, (3, rows, inputs))
    kept = np.arange(3)[:, None, None] < random.integers(1, 4, (rows, inputs))
    weights = (sizes * random.choice([-1, 1], sizes.shape) * kept).sum(0)
    weights *= random.random(weights.shape) < density
    weights[0, random.integers(inputs)] = 1 << random.integers(0, 11)
    corners = np.concatenate([2048 * np.sign(weights), -2048 * np.sign(weights), np.full((1, inputs), 2048)])
    anything = random.integers(-2048, 2049, (6, inputs))
    return weights, np.concatenate([corners, random.choice([-2048, -1, 0, 1, 2048], (6, inputs)), anything])


def product(weights: Ints, x: Ints, exponent: int) -> list[list[Fraction]]:
    """W x in rational numbers, Q8.8 units."""
    return [[Fraction(int(w @ v), 256 << exponent) for w in weights] for v in x]


@given(MATRICES, EXPONENTS)
def test_a_row_rounds_by_less_than_one(drawn: tuple[int, int, float], exponent: int) -> None:
    """Half a unit at each halving, each halved by those after it: ½ + ¼ + … < 1, and never downwards beyond ½."""
    weights, x = matrix(*drawn)
    for got, exact in zip(Digits(weights, exponent)(x).tolist(), product(weights, x, exponent), strict=True):
        assert all(abs(g - e) < 1 for g, e in zip(got, exact, strict=True))


def horner(weights: Ints, exponent: int, x: Ints, *, unbiased: bool) -> list[list[int]]:
    """The meaning of `Digits` word by word: halve from plane to plane, round up, the last time down if unbiased."""
    layers, results = planes(weights, exponent), []
    for vector in x:
        row_sums = []
        for row in range(len(weights)):
            total = shift = 0
            floored = floored_plane(layers, row) if unbiased else None
            for number, plane in enumerate(layers):
                if plane.digits[row].any():
                    gap = max(shift - plane.shift, 0)
                    total = (total - (number == floored) + (1 << gap >> 1)) >> gap
                    total, shift = total + int(plane.digits[row] @ vector), plane.shift
            row_sums.append((total - (floored == len(layers)) + (1 << shift >> 1)) >> shift)
        results.append(row_sums)
    return results


@given(MATRICES, EXPONENTS, st.booleans())
def test_a_row_is_halved_from_plane_to_plane(drawn: tuple[int, int, float], exponent: int, unbiased: bool) -> None:
    weights, x = matrix(*drawn)
    wanted = horner(weights, exponent, x, unbiased=unbiased)
    assert Digits(weights, exponent, unbiased=unbiased)(x).tolist() == wanted


@given(MATRICES, EXPONENTS)
def test_a_column_rounds_by_half_a_unit_a_digit(drawn: tuple[int, int, float], exponent: int) -> None:
    """The unit is that of the sums, which an exponent keeps that much larger; then it rounds once more."""
    weights, x = matrix(*drawn)
    halves = sum((np.abs(plane.digits).sum(1) for plane in planes(weights) if plane.shift), start=0 * weights[:, 0])
    last = Fraction(bool(exponent), 2)
    for got, exact in zip(DigitColumns(weights, exponent)(x).tolist(), product(weights, x, exponent), strict=True):
        limits = [Fraction(int(h), 2 << exponent) + last for h in halves]
        assert all(abs(g - e) <= most for g, e, most in zip(got, exact, limits, strict=True))
    assert not DigitColumns(weights)(np.zeros((1, weights.shape[1]), np.int64)).any()


@dataclass
class Run:
    """The result a row left in A, and how it was reached: the sums of every step, the takings-off on the way."""

    result: int
    sums: list[int]
    lightened: int


def simulate(code: Sequence[Instruction], bias: int, slots: Slots, x: Ints) -> Run:
    """The row on a 65816 that complains: no adc may carry, no sbc borrow, no sum begin with a carry left over."""
    memory = {f"PLUS + {2 * n}": slots.bias + int(value) for n, value in enumerate(x)}
    memory |= {f"MINUS + {2 * n}": slots.bias - int(value) for n, value in enumerate(x)}
    assert min(memory.values()) >= 0
    a, carry, rounding, sums, lightened = 0, 0, False, [], 0
    for instruction in code:
        mnemonic, _, operand = instruction.text.partition(" ")
        place = re.sub(r"^<|^a:slots \+ ", "", operand)
        if mnemonic == "lsr":
            a, carry, rounding = a >> 1, a & 1, True
        elif mnemonic == "clc":
            carry, rounding = 0, False
        elif mnemonic == "lda":
            a = memory[place]
        elif mnemonic == "sta":
            memory[place] = a
        elif mnemonic == "sbc":
            assert not carry, "a carry before a taking-off"
            a, carry, lightened = a - int(operand[2:], 16) - 1, 1, lightened + 1
            assert a >= 0, "a sum below zero"
            assert instruction is not code[-1]
        else:
            assert mnemonic == "adc" and (rounding or not carry), "a carry left over"
            a, carry, rounding = a + memory[place] + carry, 0, False
            assert a < 1 << 16, "a sum above 65,535"
        sums.append(a)
    assert rounding or not carry
    total = a + carry + immediate_value(-bias)
    return Run((total & 0xFFFF) - (total & 0x8000) * 2, sums, lightened)


def immediate_value(value: int) -> int:
    """The number that `adc #value` adds."""
    return int(immediate("adc", value).text.partition("$")[2], 16)


@pytest.mark.slow
@given(MATRICES, st.sampled_from([517, 2000, 2048, 6000, 14_000]), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_row_s_code_does_what_the_kernel_means(
    drawn: tuple[int, int, float], largest: int, in_a_ball: bool, shared: bool
) -> None:
    """At the corners of a box, or where a ball is widest for the row; a row may be refused only for its sums."""
    weights, corners = matrix(*drawn)
    if shared:
        weights = np.repeat(weights, 12, 0)  # so that sums of two inputs pay
    layers = planes(weights)
    pairs = choose_pairs([layers]) if shared else ()
    for row in range(0, len(weights), 12 if shared else 1):
        x = widest(weights[row], largest) if in_a_ball else corners * largest // 2048
        slots = replace(Slots("slots", weights.shape[1], bias_for(largest, HALVINGS)), pairs=pairs)
        before = pair_code(slots)
        try:
            code, bias = row_code(layers, row, slots, ball(largest) if in_a_ball else box(largest))
        except InputError:
            assert fullest_sum(weights, row, largest) >= 1 << 14
            continue
        for vector, wanted in zip(x, Digits(weights)(x)[:, row].tolist(), strict=True):
            assert (simulate([*before, *code], bias, slots, vector).result if code else 0) == wanted
            assert not code or planner_s_own(code, bias, slots, vector) == wanted


def widest(row: Ints, radius: int) -> Ints:
    """Where |row · x| is largest in a ball, for the whole row and for its digits; its poles; and points within."""
    random = np.random.default_rng(0)
    directions = [*(plane.digits[0] for plane in planes(row[None])), row, *random.normal(0, 1, (6, len(row)))]
    unit = np.array([d / max(float(np.linalg.norm(d)), 1e-9) for d in directions])
    poles = np.eye(len(row))[np.abs(row).argmax()][None]
    points: Ints = np.trunc(np.concatenate([unit, -unit, poles, -poles, unit / 3]) * radius).astype(np.int64)
    return points


def fullest_sum(weights: Ints, row: int, largest: int) -> int:
    """The largest magnitude Horner's sum can take on its way, roundings apart."""
    partial, shift, most = np.zeros(weights.shape[1]), None, 0.0
    for plane in planes(weights):
        if plane.digits[row].any():
            partial = partial / 2.0 ** ((shift or plane.shift) - plane.shift) + plane.digits[row]
            shift = plane.shift
            most = max(most, float(np.abs(partial).sum() * largest))
    return int(most)


def lightenings(inputs: int, used: Sequence[int], largest: int, image: Image) -> int:
    """Ones in some planes: how often bias is taken off on the way."""
    weights = np.full((1, inputs), sum(1 << (8 - shift) for shift in used))
    slots = Slots("slots", inputs, bias_for(largest, HALVINGS))
    code, bias = row_code(planes(weights), 0, slots, image)
    runs = []
    for vector in widest(weights[0], largest):
        runs.append(simulate(code, bias, slots, vector))
        assert runs[-1].result == int(Digits(weights)(vector[None])[0, 0])
    return max(run.lightened for run in runs)


@pytest.mark.parametrize(
    ("inputs", "used", "largest", "wanted"),
    [
        (15, (4,), 2048, False),
        (64, (4,), 2048, True),
        (40, (6, 2), 2048, True),
        (64, (0,), 2048, True),
        (8, (3, 1), 8000, True),
    ],
)
def test_bias_is_taken_off_where_a_sum_would_pass_the_word(
    inputs: int, used: Sequence[int], largest: int, wanted: bool
) -> None:
    assert (lightenings(inputs, used, largest, ball(largest)) > 0) == wanted


def test_bias_is_taken_off_before_a_halving_whose_carry_is_a_rounding() -> None:
    """Where the first digit of a plane finds no room: the subtraction goes before `lsr`, and needs no clc."""
    largest, weights = 16_000, np.array([[2, 4]])
    slots = Slots("slots", 2, bias_for(1.8 * largest, HALVINGS))
    code, bias = row_code(planes(weights), 0, slots, box(largest))
    texts = [instruction.text[:3] for instruction in code]
    assert texts[texts.index("sbc") + 1] == "lsr"
    for a, b in ((largest, largest), (-largest, -largest), (largest, -largest), (1, 0), (64, 0), (63, 0)):
        vector = np.array([a, b])
        assert simulate(code, bias, slots, vector).result == Digits(weights)(vector[None])[0, 0]


def test_the_largest_row_that_fits_and_the_first_that_does_not() -> None:
    """A sum of n inputs of ±256 reaches ±256 n: with 127 of them it stays in its word, with 128 it does not."""
    ones = np.full((1, 128), 256)
    code, bias = row_code(planes(ones[:, :127]), 0, Slots("slots", 127, 256), box(256))
    for x in (256, -256):
        run = simulate(code, bias, Slots("slots", 127, 256), np.full(127, x))
        assert run.result == 127 * x
        assert max(run.sums) == (0xFE00 if x > 0 else 0)
    with pytest.raises(InputError, match="does not fit 16 bits"):
        row_code(planes(ones), 0, Slots("slots", 128, 256), box(256))


def test_a_carry_that_is_lost_would_be_seen() -> None:
    weights, x = np.array([[3 << 4, 1 << 4]]), np.array([5, 1])
    slots = Slots("slots", 2, 256)
    code, bias = row_code(planes(weights), 0, slots, box(200))
    assert simulate(code, bias, slots, x).result == Digits(weights)(x[None])[0, 0]
    halving = next(n for n, one in enumerate(code) if one.text == "lsr a")
    lost = [*code[: halving + 1], Instruction("clc", 1, 12), *code[halving + 1 :]]
    results = [
        simulate(lost, bias, slots, np.array([a, b])).result != Digits(weights)(np.array([[a, b]]))[0, 0]
        for a in range(4)
        for b in range(4)
    ]
    assert any(results) or code[halving + 1].text == "lsr a"


def greedy(terms: Sequence[Term], pairs: Sequence[Pair]) -> list[tuple[Term, ...]]:
    """`cover` by its words: every pair tried, in order of choice."""
    left, covered = list(terms), []
    for pair in pairs:
        if pair[0] in left and pair[1] in left:
            left.remove(pair[0])
            left.remove(pair[1])
            covered.append(pair)
    return [*covered, *((term,) for term in left)]


TERMS = st.tuples(st.integers(0, 5), st.sampled_from([-1, 1]))


@given(st.lists(TERMS), st.lists(st.tuples(TERMS, TERMS).filter(lambda pair: pair[0] < pair[1]), unique=True))
def test_a_row_takes_its_pairs_in_the_order_of_choice(terms: list[Term], pairs: list[Pair]) -> None:
    assert cover(terms, partners(pairs)) == greedy(terms, pairs)


@given(st.lists(st.tuples(st.integers(-(1 << 40), 1 << 40), st.integers(-9, 9)), min_size=1))
def test_a_count_of_bits_for_all_values_or_for_each_rounds_alike(drawn: list[tuple[int, int]]) -> None:
    values, bits = (np.array(column) for column in zip(*drawn, strict=True))
    one_by_one = [int(round_shift(values[n : n + 1], int(bits[n]))[0]) for n in range(len(drawn))]
    assert round_shift(values, bits).tolist() == one_by_one
    assert one_by_one == [math.floor(Fraction(v) / Fraction(2) ** b + Fraction(1, 2)) for v, b in drawn]
