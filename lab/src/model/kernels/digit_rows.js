/** @import { Bind, Integers, Kernels, ModelData, Multiply, Plane, Vector } from "../../types.js" */

import { planesOfRow } from "../digits.js";
import { clip, floorShift, roundShift } from "../fixed.js";
import { rowsOf } from "../matrix.js";
import { matrixKernel } from "./matrix.js";

/**
 * Σ digits · x over a plane's inputs.
 * @param {Plane} plane
 * @param {Vector} x
 */
function planeSum({ inputs, digits }, x) {
  let sum = 0;
  for (let n = 0; n < inputs.length; n++) sum += digits[n] * x[inputs[n]];
  return sum;
}

/**
 * Horner over the planes of a row, least significant first: halved and rounded from one to the next.
 * @param {Integers[]} rows in units of 2^-(8 + exponent)
 * @param {number} exponent
 * @param {boolean} unbiased whether a row's last halving, if it is by one bit, rounds down
 * @returns {Multiply}
 */
export function digitRows(rows, exponent, unbiased = false) {
  const planesOfRows = rows.map((weights) => planesOfRow(weights, exponent));
  const halved = (/** @type {number} */ sum, /** @type {number} */ from, /** @type {number} */ to) =>
    (unbiased && to === 0 && from === 1 ? floorShift(sum, 1) : roundShift(sum, Math.max(from - to, 0)));
  return (x) =>
    Int32Array.from(planesOfRows, (planes) => {
      let [sum, shift] = [0, 0];
      for (const plane of planes) {
        sum = halved(sum, shift, plane.shift) + planeSum(plane, x);
        shift = plane.shift;
      }
      return halved(sum, shift, 0);
    });
}

/**
 * The inputs in this number of ranges, whose sums are computed and rounded one by one, then added.
 * @param {Integers[]} rows
 * @param {number} exponent
 * @param {boolean} unbiased
 * @param {number} sections
 * @returns {Multiply}
 */
export function rowsInSections(rows, exponent, unbiased, sections) {
  const inputs = rows[0].length;
  const end = (/** @type {number} */ number) => Math.floor((inputs * number) / sections);
  const parts = Array.from({ length: sections }, (_, n) => {
    const own = rows.map((row) => row.subarray(end(n), end(n + 1)));
    return { multiply: digitRows(own, exponent, unbiased), from: end(n), to: end(n + 1) };
  });
  return (x) => {
    const [first, ...others] = parts.map(({ multiply, from, to }) => multiply(x.subarray(from, to)));
    return first.map((sum, row) => others.reduce((total, other) => total + other[row], sum));
  };
}

/**
 * What is added to the results: nothing, or the bias of its rows.
 * @param {Kernels["DigitRows"]} kernel
 * @param {ModelData} model
 */
function constants({ block, out_shift }, { tensors }) {
  return block.bias ? rowsOf(tensors[block.bias], block.outputs).map(([bias]) => roundShift(bias, out_shift)) : [];
}

/**
 * Inputs that no proof bounds are cut, and if need be halved.
 * @type {Bind<Kernels["DigitRows"]>}
 */
export const signedDigits = matrixKernel((kernel, rows, model) => {
  const { block, clamp, clamp_shift, source_shift, out_shift, sections, unbiased } = kernel;
  const finest = (model.exponents[block.weight] ?? 0) + out_shift - source_shift;
  const multiply = rowsInSections(rows, finest, unbiased, sections);
  const bias = constants(kernel, model);
  const bounded = (/** @type {Vector} */ x) =>
    (clamp ? x.map((value) => roundShift(clip(value, -clamp, clamp), clamp_shift)) : x);
  return (x) => multiply(bounded(x)).map((sum, row) => sum + (bias[row] ?? 0));
});
