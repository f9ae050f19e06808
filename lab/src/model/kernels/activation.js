/** @import { Activation, Kernel, Vector } from "../../types.js" */

import { FRACTION_BITS, WORD_MAX, roundShift } from "../fixed.js";

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

/** @type {Kernel<Activation>} */
export const relu = ({ out }) => ({ buffers }) => positive(buffers[out]);

/** @type {Kernel<Activation>} */
export const relu2 = ({ out }) => ({ buffers }) => squared(buffers[out]);
