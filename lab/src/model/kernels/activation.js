/** @import { Bind, Kernels, Vector } from "../../types.js" */

import { FRACTION_BITS, WORD_MAX, roundShift } from "../fixed.js";
import { keep } from "../state.js";

/**
 * max(x, 0).
 * @param {Vector} x
 */
export const positive = (x) => x.map((value) => Math.max(value, 0));

/**
 * max(x, 0)², saturated at 127.996.
 * @param {Vector} x
 */
export const squared = (x) =>
  x.map((value) => Math.min(roundShift(Math.max(value, 0) ** 2, FRACTION_BITS), WORD_MAX));

/** @type {Record<string, (x: Vector) => Vector>} */
const ACTIVATIONS = { relu: positive, relu2: squared };

/** @type {Bind<Kernels["Rectifier"]>} */
export function rectifier({ block }) {
  const rectify = ACTIVATIONS[block.kind];
  return (state) => keep(state, block, rectify(state.buffers[block.out]));
}
