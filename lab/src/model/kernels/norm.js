/** @import { Bind, Kernels, Tables, Vector } from "../../types.js" */

import { floorShift, roundShift } from "../fixed.js";
import { keep } from "../state.js";

/**
 * A scale that brings x to length √d: table[top byte of the sum], the sum shifted by pairs of bits to fill 32.
 * @param {number} total
 * @param {Tables} tables
 */
export function rsqrt(total, tables) {
  const pairs = Math.clz32(total) >> 1;
  return { pairs, entry: tables.rsqrt[floorShift(total * 4 ** pairs, 24)] };
}

/**
 * x / sqrt(mean(x²) + 1e-5). x (d,) Q8.8 with Σ x² < 2^32.
 * @param {Vector} x
 * @param {Tables} tables
 */
export function rmsnorm(x, tables) {
  const total = x.reduce((sum, value) => sum + value * value, tables.norm_epsilon);
  const { pairs, entry } = rsqrt(total, tables);
  return x.map((value) => roundShift(value * entry, tables.rsqrt_shift - pairs));
}

/** @type {Bind<Kernels["ExactNorm"]>} */
export const exactNorm = ({ block }, { tables }) => (state) =>
  keep(state, block, rmsnorm(state.buffers[block.source], tables));
