/**
 * Attention with keys and values in bytes, weights scaled once a head: what is common to its kernels.
 * @import { Bind, ByteAttention, Tables, Vector } from "../../types.js"
 */

import { FRACTION_BITS, clip, floorShift, roundDivide, roundShift } from "../fixed.js";
import { cache } from "../state.js";
import { EXP_STEP_BITS, expIndices, headByHead } from "./attention.js";

const RECIPROCALS = 2048;

/** A sum of Q0.13 weights times values of 8 − shift fractional bits, over 256, has 13 − shift of them. */
export const VALUE_BITS = 5;

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
 * @param {number} bits fractional ones of a score
 * @param {Tables} tables
 */
export function softmaxWeightsInBytes(scores, bits, tables) {
  const weights = expIndices(scores, EXP_STEP_BITS + bits - FRACTION_BITS).map((index) => tables.exp7[index]);
  const scale = reciprocal(weights.reduce((sum, weight) => sum + weight, 0));
  return weights.map((weight) => floorShift(weight * scale, 8));
}

/**
 * What one way to multiply makes of a head: query (width,), keys and values one (width,) per position seen, narrow.
 * @typedef {object} Products
 * @property {(query: Vector, keys: Vector[], queryShift: number) => Vector} scores
 * @property {(weights: Vector, values: Vector[], valueShift: number) => Vector} mean (width,) Q8.8
 */

/**
 * Traces query, newest key and newest value as the console has them.
 * @param {Products} products
 * @returns {Bind<ByteAttention>}
 */
export const byteAttention = ({ scores, mean }) => (kernel, { config, tables }) => {
  const { block, key_shift: keyShift, value_shift: valueShift, query_shift: queryShift } = kernel;
  const inBytes = (/** @type {string} */ name) => `${name} in bytes`;
  return (state) => {
    const { buffers, caches, trace, position } = state;
    const [key, value] = [narrow(caches[block.keys][position], keyShift), narrow(caches[block.values][position], valueShift)];
    const [keys, values] = [cache(state, inBytes(block.keys)), cache(state, inBytes(block.values))];
    keys.push(key);
    values.push(value);
    trace[`${block.name}.query`] = buffers[block.query].map((q) => q * 2 ** queryShift);
    trace[`${block.name}.packed`] = value.map((element, n) => element * 256 + (key[n] & 0xff));
    headByHead(config, block, state, { keys, values }, (query, ownKeys, ownValues) => {
      const found = scores(query, ownKeys, queryShift);
      const weights = softmaxWeightsInBytes(found, FRACTION_BITS + queryShift - keyShift, tables);
      return { scores: found.map(scoreAsKept), weights, attended: mean(weights, ownValues, valueShift) };
    });
  };
};
