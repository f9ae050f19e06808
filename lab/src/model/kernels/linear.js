/** @import { Kernel, Linear, Multiply, Tensor, Vector } from "../../types.js" */

import { clip, roundShift } from "../fixed.js";
import { parameter } from "../parameter.js";

/**
 * A matrix times what its block reads, on one of the ways to multiply.
 *
 * An input that no norm bounds is cut, and if need be halved, where the kernel's sums need a bound.
 * @param {(matrix: Tensor, exponent: number) => Multiply} kernel
 * @returns {Kernel<Linear>}
 */
export const linear = (kernel) => ({ weight, source }, model) => {
  const multiply = kernel(model.tensors[weight], model.parameters[`${weight}.exponent`] ?? 0);
  const clamp = model.parameters[`${weight}.clamp`];
  if (clamp === undefined) return ({ buffers }) => multiply(buffers[source]);
  const shift = parameter(model, `${weight}.shift`);
  const bounded = (/** @type {Vector} */ x) => x.map((value) => roundShift(clip(value, -clamp, clamp), shift));
  return ({ buffers }) => multiply(bounded(buffers[source]));
};
