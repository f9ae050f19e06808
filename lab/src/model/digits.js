/**
 * Weights as signed powers of two: the twin of quantize/digits.py.
 * @import { Plane } from "../types.js"
 */

import { FRACTION_BITS } from "./fixed.js";

const TOP_BITS = 8;

/**
 * Non-adjacent form of a 16-bit integer: digits −1, 0, 1, least significant first, no two neighbours both non-zero.
 * @param {number} weight
 * @returns {number[]} 17 digits
 */
export function canonical(weight) {
  const digits = [];
  let rest = weight;
  for (let bit = 0; bit <= FRACTION_BITS + TOP_BITS; bit++) {
    const digit = (rest & 1) * (2 - (rest & 3));
    digits.push(digit);
    rest = (rest - digit) >> 1;
  }
  return digits;
}

/**
 * A weight's digits as {shift, digit}: it is Σ digit · 2^-shift. Least significant first; all of 2^0 and above are
 * one term of shift 0, repeated units.
 *
 * @param {number} weight in units of 2^-(8 + exponent)
 */
export function terms(weight, exponent = 0) {
  const point = FRACTION_BITS + exponent;
  const found = [];
  let units = 0;
  canonical(weight).forEach((digit, bit) => {
    if (bit >= point) units += digit * 2 ** (bit - point);
    else if (digit !== 0) found.push({ shift: point - bit, digit });
  });
  if (units !== 0) found.push({ shift: 0, digit: units });
  return found;
}

/**
 * A row of weights plane by plane, least significant first: [{shift, inputs, digits}], Σ digits[n] · x[inputs[n]]
 * being what a plane adds. Planes without a digit in this row are not in it. A page has rows by the thousand.
 * @param {ArrayLike<number>} weights
 */
export function planesOfRow(weights, exponent = 0) {
  const point = FRACTION_BITS + exponent;
  /** @type {Plane[]} */
  const planes = Array.from({ length: point + 1 }, (_, shift) => ({ shift, inputs: [], digits: [] }));
  const note = (/** @type {number} */ shift, /** @type {number} */ input, /** @type {number} */ digit) => {
    planes[shift].inputs.push(input);
    planes[shift].digits.push(digit);
  };
  for (let input = 0; input < weights.length; input++) {
    let [rest, bit] = [weights[input], 0];
    for (; rest !== 0 && bit < point; bit++) {
      const digit = (rest & 1) * (2 - (rest & 3));
      if (digit !== 0) note(point - bit, input, digit);
      rest = (rest - digit) >> 1;
    }
    if (rest !== 0) note(0, input, rest);
  }
  return planes.filter(({ inputs }) => inputs.length).reverse();
}
