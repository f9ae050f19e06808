/** @import { Tensor } from "../types.js" */

/**
 * The rows of a matrix, each (inputs,).
 * @param {Tensor} matrix
 */
export function rowsOf({ shape: [outputs, inputs], values }) {
  return Array.from({ length: outputs }, (_, row) => Int32Array.from(values.slice(row * inputs, (row + 1) * inputs)));
}
