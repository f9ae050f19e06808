/** Hidden units that a table makes: what gates and GELU have in common. */

import { clip, floorShift } from "../fixed.js";

const INDEX_BITS = 11;

/**
 * A table's entry of x, Q8.8, cut to ±2^bits: the table spans that in 4,096 steps.
 * @param {ArrayLike<number>} table
 * @param {number} x
 * @param {number} bits
 */
export function entryOf(table, x, bits) {
  const top = 2 ** bits;
  return table[floorShift(clip(x, -top, top - 1) + top, bits - INDEX_BITS)];
}
