/** @import { Bind, Integers, Kernels, Multiply, Plane, Vector } from "../../types.js" */

import { planesOfRow } from "../digits.js";
import { roundShift } from "../fixed.js";
import { matrixKernel } from "./matrix.js";

/**
 * Σ digits · round(x / 2^shift) over a plane's inputs.
 * @param {Plane} plane
 * @param {Vector} x
 */
function shiftedSum({ shift, inputs, digits }, x) {
  let sum = 0;
  for (let n = 0; n < inputs.length; n++) sum += digits[n] * roundShift(x[inputs[n]], shift);
  return sum;
}

/**
 * round(Σ ± round(x / 2^shift) / 2^exponent) over inputs and digits: zero inputs cost nothing.
 *
 * Sums are kept 2^exponent times too large, so that what small digits add is not rounded away.
 * @param {Integers[]} rows in units of 2^-(8 + exponent)
 * @param {number} exponent
 * @returns {Multiply}
 */
export function digitColumns(rows, exponent) {
  const planesOfRows = rows.map((weights) => planesOfRow(weights));
  return (x) =>
    Int32Array.from(planesOfRows, (planes) => {
      let sum = 0;
      for (const plane of planes) sum += shiftedSum(plane, x);
      return roundShift(sum, exponent);
    });
}

/** @type {Bind<Kernels["ActiveColumns"]>} */
export const activeColumns = matrixKernel(({ block }, rows, { exponents }) =>
  digitColumns(rows, exponents[block.weight] ?? 0),
);
