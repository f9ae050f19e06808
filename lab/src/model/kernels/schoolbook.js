/** @import { Bind, Integers, Kernels, Multiply } from "../../types.js" */

import { FRACTION_BITS, roundShift } from "../fixed.js";
import { matrixKernel } from "./matrix.js";

/**
 * round(Σ w·x / 2^(8 + exponent)): exact products and sum, one rounding.
 * @param {Integers[]} rows in units of 2^-(8 + exponent)
 * @param {number} exponent
 * @returns {Multiply}
 */
export function schoolbook(rows, exponent) {
  return (x) =>
    Int32Array.from(rows, (weights) => {
      let sum = 0;
      for (let n = 0; n < x.length; n++) sum += weights[n] * x[n];
      return roundShift(sum, FRACTION_BITS + exponent);
    });
}

/** @type {Bind<Kernels["SchoolbookRows"]>} */
export const schoolbookRows = matrixKernel(({ block }, rows, { exponents }) =>
  schoolbook(rows, exponents[block.weight] ?? 0),
);
