/**
 * Attention on the picture unit's multiplier: every product is rounded down.
 * @import { Vector } from "../../types.js"
 */

import { floorShift, roundShift } from "../fixed.js";
import { VALUE_BITS, byteAttention } from "./byte_attention.js";

/**
 * Σ floor(q · 2^queryShift · k / 256) of every position.
 * @param {Vector} query
 * @param {Vector[]} keys
 * @param {number} queryShift
 */
export function attentionScoresPpu(query, keys, queryShift) {
  return Int32Array.from(keys, (key) => {
    let sum = 0;
    for (let n = 0; n < query.length; n++) sum += floorShift(query[n] * 2 ** queryShift * key[n], 8);
    return sum;
  });
}

/**
 * Σ floor(p·v / 256), rounded to Q8.8 once. Returns (width,).
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

export const ppuAttention = byteAttention({ scores: attentionScoresPpu, mean: attendPpu });
