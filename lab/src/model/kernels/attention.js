/**
 * One head's attention: query (width,), keys and values one (width,) per position seen.
 * @import { Attention, Kernel, Tables, Vector } from "../../types.js"
 */

import { FRACTION_BITS, roundDivide, roundShift } from "../fixed.js";
import { headByHead, part } from "./heads.js";

const EXP_STEP_BITS = 3;
export const EXP_ENTRIES = 256;

/**
 * q · k of every position, Q8.8; the query weights hold 1/√width.
 * @param {Vector} query
 * @param {Vector[]} keys
 */
export function attentionScores(query, keys) {
  return Int32Array.from(keys, (key) => {
    let sum = 0;
    query.forEach((q, n) => (sum += q * key[n]));
    return roundShift(sum, FRACTION_BITS);
  });
}

/**
 * Where in a table of exp each score looks: its distance below the largest, in 32nds, at most 256.
 * @param {Vector} scores
 */
export function expIndices(scores) {
  const largest = Math.max(...scores);
  return scores.map((score) => Math.min(roundShift(largest - score, EXP_STEP_BITS), EXP_ENTRIES));
}

/**
 * exp(s − max s), not normalised: Q0.8, 0 … 255.
 * @param {Vector} scores
 * @param {Tables} tables
 */
export function softmaxWeights(scores, tables) {
  return expIndices(scores).map((index) => (index < EXP_ENTRIES ? tables.exp[index] >> 8 : 0));
}

/**
 * Σ w·v / Σ w, rounded once. Returns (width,) Q8.8.
 * @param {Vector} weights
 * @param {Vector[]} values
 */
export function attend(weights, values) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values[0].map((_, n) => {
    let sum = 0;
    weights.forEach((weight, position) => (sum += weight * values[position][n]));
    return roundDivide(sum, total);
  });
}

/** @type {Kernel<Attention>} */
export const attention = (block, { config, tables }) => (state) => {
  const [keys, values] = [state.caches[block.keys], state.caches[block.values]];
  return headByHead(config, block, state, (query, from, to) => {
    const scores = attentionScores(query, part(keys, from, to));
    const weights = softmaxWeights(scores, tables);
    return { scores, weights, attended: attend(weights, part(values, from, to)) };
  });
};
