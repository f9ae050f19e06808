/**
 * Attention on the picture unit's multiplier. One head's: query (width,), keys and values one (width,) per position
 * seen.
 * @import { Attention, Kernel, Tables, Vector } from "../../types.js"
 */

import { clip, floorShift, roundDivide, roundShift } from "../fixed.js";
import { parameter } from "../parameter.js";
import { expIndices } from "./attention.js";
import { headByHead, part } from "./heads.js";

const RECIPROCALS = 2048;
const VALUE_BITS = 5;

/** Scores are kept with 2^15 added; a trace reads them as signed words. */
const SCORE_OFFSET = 2 ** 15;

/**
 * A score as the console's log holds it, and as a host reads it there: offset, cut to 16 bits, read as signed.
 * @param {number} score
 */
const scoreAsKept = (score) => (score & 0xffff) - SCORE_OFFSET;

/**
 * round(x / 2^shift) in 8 bits, saturated: keys and values.
 * @param {Vector} x
 * @param {number} shift
 */
export function narrow(x, shift) {
  return x.map((value) => clip(roundShift(value, shift), -128, 127));
}

/**
 * Σ floor(q · 2^keyShift · k / 256) of every position, keys narrow.
 * @param {Vector} query
 * @param {Vector[]} keys
 * @param {number} keyShift
 */
export function attentionScoresPpu(query, keys, keyShift) {
  return Int32Array.from(keys, (key) => {
    let sum = 0;
    query.forEach((q, n) => (sum += floorShift(q * 2 ** keyShift * key[n], 8)));
    return sum;
  });
}

/**
 * 2^21 / S for S ≥ 127, from 2,048 entries; above them from S / 8, or S / 64.
 * @param {number} total
 */
export function reciprocal(total) {
  const drop = total < RECIPROCALS ? 0 : total < 8 * RECIPROCALS ? 3 : 6;
  return floorShift(roundDivide(2 ** 21, floorShift(total, drop)), drop);
}

/**
 * exp(s − max s) / Σ: seven bits each before the division, Q0.13 after, floored.
 * @param {Vector} scores
 * @param {Tables} tables
 */
export function softmaxWeightsPpu(scores, tables) {
  const weights = expIndices(scores).map((index) => tables.exp7[index]);
  const scale = reciprocal(weights.reduce((sum, weight) => sum + weight, 0));
  return weights.map((weight) => floorShift(weight * scale, 8));
}

/**
 * Σ floor(p·v / 256), rounded to Q8.8 once; values narrow. Returns (width,).
 * @param {Vector} weights
 * @param {Vector[]} values
 * @param {number} valueShift
 */
export function attendPpu(weights, values, valueShift) {
  return values[0].map((_, n) => {
    let sum = 0;
    weights.forEach((weight, position) => (sum += floorShift(weight * values[position][n], 8)));
    return roundShift(sum, VALUE_BITS - valueShift);
  });
}

/**
 * Traces query, newest key and newest value as the console has them.
 * @type {Kernel<Attention>}
 */
export function ppuAttention(block, model) {
  const keyShift = parameter(model, `${block.name}.key_shift`);
  const valueShift = parameter(model, `${block.name}.value_shift`);
  return (state) => {
    const { buffers, caches, trace, position } = state;
    const keys = caches[block.keys].map((key) => narrow(key, keyShift));
    const values = caches[block.values].map((value) => narrow(value, valueShift));
    trace[`${block.name}.query`] = buffers[block.query].map((q) => q * 2 ** keyShift);
    trace[`${block.name}.packed`] = values[position].map((value, n) => value * 256 + (keys[position][n] & 0xff));
    return headByHead(model.config, block, state, (query, from, to) => {
      const scores = attentionScoresPpu(query, part(keys, from, to), keyShift);
      const weights = softmaxWeightsPpu(scores, model.tables);
      const attended = attendPpu(weights, part(values, from, to), valueShift);
      return { scores: scores.map(scoreAsKept), weights, attended };
    });
  };
}
