/**
 * Q8.8 and its one rounding rule: the twin of quantize/fixed.py.
 *
 * A JavaScript number is a double, exact for integers up to 2^53, but its bit operators cut to 32 bits. So sums and
 * products are plain arithmetic here, and bits are dropped by `floorShift`. Nothing comes near 2^53: factors are
 * 16-bit words, so a product is below 2^31; a row has at most 512 of them, which makes 2^40; the sampler's draw times
 * the sum of 512 weights of 16 bits is below 2^41. Whatever is kept in an Int32Array is proved to be a 16-bit word, or
 * is a table's entry.
 */

export const FRACTION_BITS = 8;
export const WORD_MAX = 2 ** 15 - 1;

/**
 * floor(v / 2^bits): what `>>` does in Python, at any size.
 * @param {number} value
 * @param {number} bits
 */
export function floorShift(value, bits) {
  return Math.floor(value / 2 ** bits);
}

/**
 * round(v / 2^bits), halves up; a negative `bits` shifts left.
 * @param {number} value
 * @param {number} bits
 */
export function roundShift(value, bits) {
  if (bits <= 0) return value * 2 ** -bits;
  return floorShift(value + 2 ** (bits - 1), bits);
}

/**
 * round(n / d), halves up; d > 0.
 * @param {number} numerator
 * @param {number} denominator
 */
export function roundDivide(numerator, denominator) {
  return Math.floor((numerator + floorShift(denominator, 1)) / denominator);
}

/**
 * The nearest number from low to high.
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clip(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
