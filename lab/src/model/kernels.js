/**
 * The ways to compute y = W x in integers: the twin of quantize/kernels.py.
 *
 * Each is made for a matrix {shape: [outputs, inputs], values} in units of 2^-(8 + exponent), and maps x (inputs,) to
 * y (outputs,), both Q8.8.
 */

import { planesOfRow } from "./digits.js";
import { FRACTION_BITS, roundShift } from "./fixed.js";

/** The rows of a matrix, each (inputs,). */
export function rowsOf({ shape: [outputs, inputs], values }) {
  return Array.from({ length: outputs }, (_, row) => Int32Array.from(values.slice(row * inputs, (row + 1) * inputs)));
}

/** round(Σ w·x / 2^(8 + exponent)): exact products and sum, one rounding. */
function schoolbook(matrix, exponent) {
  const rows = rowsOf(matrix);
  return (x) =>
    Int32Array.from(rows, (weights) => {
      let sum = 0;
      for (let n = 0; n < x.length; n++) sum += weights[n] * x[n];
      return roundShift(sum, FRACTION_BITS + exponent);
    });
}

/** Σ digits · f(x) over a plane's inputs. */
function planeSum({ inputs, digits }, x, f = (value) => value) {
  let sum = 0;
  for (let n = 0; n < inputs.length; n++) sum += digits[n] * f(x[inputs[n]]);
  return sum;
}

/** Horner over the planes of a row, least significant first: halved and rounded from one to the next. */
function digits(matrix, exponent) {
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

/**
 * round(Σ ± round(x / 2^shift) / 2^exponent) over inputs and digits: zero inputs cost nothing.
 *
 * Sums are kept 2^exponent times too large, so that what small digits add is not rounded away.
 */
function digitColumns(matrix, exponent) {
  const rows = rowsOf(matrix).map((weights) => planesOfRow(weights));
  return (x) =>
    Int32Array.from(rows, (planes) => {
      let sum = 0;
      for (const plane of planes) sum += planeSum(plane, x, (value) => roundShift(value, plane.shift));
      return roundShift(sum, exponent);
    });
}

const KERNELS = { schoolbook, digits, digit_columns: digitColumns };

/** y = W x on the kernel of this name. Throws for a name that is not known. */
export function linear(kernel, matrix, exponent = 0) {
  if (!(kernel in KERNELS)) throw new Error(`unknown kernel ${kernel}: this page knows ${Object.keys(KERNELS)}`);
  return KERNELS[kernel](matrix, exponent);
}
