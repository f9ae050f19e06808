/**
 * What each block other than a matrix computes, in integers: the twin of quantize/blocks.py.
 *
 * tables: those of lab.json. Attention is one head's: query (width,), keys and values one (width,) per position seen.
 */

import { FRACTION_BITS, WORD_MAX, clip, floorShift, roundDivide, roundShift } from "./fixed.js";

const EXP_STEP_BITS = 3;
const EXP_ENTRIES = 256;
const RECIPROCALS = 2048;
const VALUE_BITS = 5;

/** A scale that brings x to length √d: table[top byte of the sum], the sum shifted by pairs of bits to fill 32. */
function rsqrt(total, tables) {
  const pairs = Math.clz32(total) >> 1;
  return { pairs, entry: tables.rsqrt[floorShift(total * 4 ** pairs, 24)] };
}

/** x / sqrt(mean(x²) + 1e-5). x (d,) Q8.8 with Σ x² < 2^32. */
export function rmsnorm(x, tables) {
  const total = x.reduce((sum, value) => sum + value * value, tables.norm_epsilon);
  const { pairs, entry } = rsqrt(total, tables);
  return x.map((value) => roundShift(value * entry, tables.rsqrt_shift - pairs));
}

/** The same with squares from a table of 4,096 and a root of seven bits. x (d,) Q8.8 within ±2^bits. */
export function rmsnormTable(x, bits, tables) {
  const squares = tables.squares[bits];
  const index = (value) => floorShift(value + 2 ** bits, bits - 11);
  const total = x.reduce((sum, value) => sum + squares[index(value)], tables.table_epsilon[bits]);
  const { pairs, entry } = rsqrt(total, tables);
  const scale = entry >> 1;
  return x.map((value) => roundShift(floorShift(value * scale, 8), tables.rsqrt_shift + bits - 17 - pairs));
}

/** q · k of every position, Q8.8; the query weights hold 1/√width. */
export function attentionScores(query, keys) {
  return Int32Array.from(keys, (key) => {
    let sum = 0;
    query.forEach((q, n) => (sum += q * key[n]));
    return roundShift(sum, FRACTION_BITS);
  });
}

/** Where in a table of exp each score looks: its distance below the largest, in 32nds, at most 256. */
function expIndices(scores) {
  const largest = Math.max(...scores);
  return scores.map((score) => Math.min(roundShift(largest - score, EXP_STEP_BITS), EXP_ENTRIES));
}

/** exp(s − max s), not normalised: Q0.8, 0 … 255. */
export function softmaxWeights(scores, tables) {
  return expIndices(scores).map((index) => (index < EXP_ENTRIES ? tables.exp[index] >> 8 : 0));
}

/** Σ w·v / Σ w, rounded once. Returns (width,) Q8.8. */
export function attend(weights, values) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values[0].map((_, n) => {
    let sum = 0;
    weights.forEach((weight, position) => (sum += weight * values[position][n]));
    return roundDivide(sum, total);
  });
}

/** round(x / 2^shift) in 8 bits, saturated: the fast attention's keys and values. */
export function narrow(x, shift) {
  return x.map((value) => clip(roundShift(value, shift), -128, 127));
}

/** Σ floor(q · 2^keyShift · k / 256) of every position, keys narrow. */
export function attentionScoresPpu(query, keys, keyShift) {
  return Int32Array.from(keys, (key) => {
    let sum = 0;
    query.forEach((q, n) => (sum += floorShift(q * 2 ** keyShift * key[n], 8)));
    return sum;
  });
}

/** 2^21 / S for S ≥ 127, from 2,048 entries; above them from S / 8, or S / 64. */
export function reciprocal(total) {
  const drop = total < RECIPROCALS ? 0 : total < 8 * RECIPROCALS ? 3 : 6;
  return floorShift(roundDivide(2 ** 21, floorShift(total, drop)), drop);
}

/** exp(s − max s) / Σ: seven bits each before the division, Q0.13 after, floored. */
export function softmaxWeightsPpu(scores, tables) {
  const weights = expIndices(scores).map((index) => tables.exp7[index]);
  const scale = reciprocal(weights.reduce((sum, weight) => sum + weight, 0));
  return weights.map((weight) => floorShift(weight * scale, 8));
}

/** Σ floor(p·v / 256), rounded to Q8.8 once; values narrow. Returns (width,). */
export function attendPpu(weights, values, valueShift) {
  return values[0].map((_, n) => {
    let sum = 0;
    weights.forEach((weight, position) => (sum += floorShift(weight * values[position][n], 8)));
    return roundShift(sum, VALUE_BITS - valueShift);
  });
}

/** max(x, 0). */
function relu(x) {
  return x.map((value) => Math.max(value, 0));
}

/** max(x, 0)², saturated at 127.996. */
function relu2(x) {
  return x.map((value) => Math.min(roundShift(Math.max(value, 0) ** 2, FRACTION_BITS), WORD_MAX));
}

export const ACTIVATIONS = { relu, relu2 };
