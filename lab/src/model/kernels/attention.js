/**
 * One head's attention: query (width,), keys and values one (width,) per position seen.
 * @import { Attention, Bind, Head, Kernels, ModelConfig, State, Tables, Vector } from "../../types.js"
 */

import { FRACTION_BITS, roundDivide, roundShift } from "../fixed.js";
import { keep } from "../state.js";

export const EXP_STEP_BITS = 3;
const EXP_ENTRIES = 256;

/**
 * q · k of every position, Q8.8; the query weights hold 1/√width.
 * @param {Vector} query
 * @param {Vector[]} keys
 */
export function attentionScores(query, keys) {
  return Int32Array.from(keys, (key) => roundShift(dot(query, key), FRACTION_BITS));
}

/**
 * Σ a·b.
 * @param {Vector} a
 * @param {Vector} b
 */
export function dot(a, b) {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n] * b[n];
  return sum;
}

/**
 * Where in a table of exp each score looks: its distance below the largest, in 32nds, at most 256.
 * @param {Vector} scores
 * @param {number} bits of a score that are below a 32nd
 */
export function expIndices(scores, bits = EXP_STEP_BITS) {
  const largest = Math.max(...scores);
  return scores.map((score) => Math.min(roundShift(largest - score, bits), EXP_ENTRIES));
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

/**
 * What all heads attend to, side by side. Groups of heads share keys and values; a head sees the positions of its
 * window. Traces scores and weights (heads × context), zero where a head sees nothing.
 * @param {ModelConfig} config
 * @param {Attention} block
 * @param {State} state
 * @param {{keys: Vector[], values: Vector[]}} seen a vector a position
 * @param {(query: Vector, keys: Vector[], values: Vector[]) => Head} compute one head, given its parts of the vectors
 */
export function headByHead(config, block, state, { keys, values }, compute) {
  const { n_embd, n_head: heads, kv_heads: groups, head_dim: width, block_size: context, windows = [] } = config;
  const attended = new Int32Array(n_embd);
  const [scores, weights] = [new Int32Array(heads * context), new Int32Array(heads * context)];
  for (let n = 0; n < heads; n++) {
    const first = Math.max(keys.length - (windows[block.layer * heads + n] ?? context), 0);
    const from = Math.floor((n * groups) / heads) * width;
    const part = (/** @type {Vector[]} */ vectors) =>
      vectors.slice(first).map((vector) => vector.subarray(from, from + width));
    const query = state.buffers[block.query].subarray(n * width, (n + 1) * width);
    const found = compute(query, part(keys), part(values));
    attended.set(found.attended, n * width);
    scores.set(found.scores, n * context + first);
    weights.set(found.weights, n * context + first);
  }
  state.trace[`${block.name}.scores`] = scores;
  state.trace[`${block.name}.weights`] = weights;
  keep(state, block, attended);
}

/** @type {Bind<Kernels["ExactAttention"]>} */
export const exactAttention = ({ block }, { config, tables }) => (state) => {
  const seen = { keys: state.caches[block.keys], values: state.caches[block.values] };
  headByHead(config, block, state, seen, (query, keys, values) => {
    const scores = attentionScores(query, keys);
    const weights = softmaxWeights(scores, tables);
    return { scores, weights, attended: attend(weights, values) };
  });
};
