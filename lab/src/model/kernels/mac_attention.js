/**
 * Attention on the SA-1's arithmetic unit, which adds up products: a sum is rounded down once.
 * @import { Vector } from "../../types.js"
 */

import { floorShift, roundShift } from "../fixed.js";
import { dot } from "./attention.js";
import { VALUE_BITS, byteAttention } from "./byte_attention.js";

/**
 * floor(Σ q · 2^queryShift · k / 256) of every position.
 * @param {Vector} query
 * @param {Vector[]} keys
 * @param {number} queryShift
 */
export function attentionScoresMac(query, keys, queryShift) {
  return Int32Array.from(keys, (key) => floorShift(dot(query, key) * 2 ** queryShift, 8));
}

/**
 * floor(Σ p·v / 256), rounded to Q8.8. Returns (width,).
 * @param {Vector} weights
 * @param {Vector[]} values
 * @param {number} valueShift
 */
export function attendMac(weights, values, valueShift) {
  return values[0].map((_, n) => {
    let sum = 0;
    weights.forEach((weight, position) => (sum += weight * values[position][n]));
    return roundShift(floorShift(sum, 8), VALUE_BITS - valueShift);
  });
}

export const macAttention = byteAttention({ scores: attentionScoresMac, mean: attendMac });
