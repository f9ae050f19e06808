/** @import { Integers, Tensor } from "../types.js" */

/**
 * The rows of a matrix, each (inputs,), or those of a part: first and end of its outputs and inputs.
 * @param {Tensor} matrix
 * @param {[number, number] | null} [outputs]
 * @param {[number, number] | null} [inputs]
 * @returns {Integers[]}
 */
export function rowsOf({ shape: [rows, columns], values }, outputs, inputs) {
  const [[top, bottom], [left, right]] = [outputs ?? [0, rows], inputs ?? [0, columns]];
  const from = (/** @type {number} */ row) => (top + row) * columns;
  return Array.from({ length: bottom - top }, (_, row) => values.subarray(from(row) + left, from(row) + right));
}
