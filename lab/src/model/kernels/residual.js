/** @import { Bind, Kernels, Vector } from "../../types.js" */

import { clip } from "../fixed.js";
import { keep } from "../state.js";

/**
 * What is there, and the source on top.
 * @type {Bind<Kernels["Sum"]>}
 */
export const sum = ({ block }) => (state) => {
  const source = state.buffers[block.source];
  keep(state, block, state.buffers[block.out].map((value, n) => value + source[n]));
};

/**
 * x + y · 2^doublings, cut to what is between ±2^bits.
 * @param {Vector} x
 * @param {Vector} y
 * @param {number} doublings
 * @param {number} bits
 */
export function addCut(x, y, doublings, bits) {
  const limit = 2 ** bits - 1;
  return x.map((value, n) => clip(value + y[n] * 2 ** doublings, -limit, limit));
}

/** @type {Bind<Kernels["CutSum"]>} */
export const cutSum = ({ block, doublings, bits }) => (state) =>
  keep(state, block, addCut(state.buffers[block.out], state.buffers[block.source], doublings, bits));
