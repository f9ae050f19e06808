/** @import { Multiply, Plane, Tensor, Vector } from "../../types.js" */

import { planesOfRow } from "../digits.js";
import { roundShift } from "../fixed.js";
import { rowsOf } from "../matrix.js";

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
 * @param {Tensor} matrix in units of 2^-(8 + exponent)
 * @param {number} exponent
 * @returns {Multiply}
 */
export function digitRows(matrix, exponent) {
  const rows = rowsOf(matrix).map((weights) => planesOfRow(weights, exponent));
  return (x) =>
    Int32Array.from(rows, (planes) => {
      let [sum, shift] = [0, 0];
      for (const plane of planes) {
        sum = roundShift(sum, Math.max(shift - plane.shift, 0)) + planeSum(plane, x);
        shift = plane.shift;
      }
      return roundShift(sum, shift);
    });
}
