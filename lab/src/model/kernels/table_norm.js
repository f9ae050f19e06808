/** @import { Kernel, Norm, Tables, Vector } from "../../types.js" */

import { floorShift, roundShift } from "../fixed.js";
import { parameter } from "../parameter.js";
import { rsqrt } from "./norm.js";

/**
 * x / sqrt(mean(x²) + 1e-5) with squares from a table of 4,096 and a root of seven bits. x (d,) Q8.8 within ±2^bits.
 * @param {Vector} x
 * @param {number} bits
 * @param {Tables} tables
 */
export function rmsnormTable(x, bits, tables) {
  const squares = tables.squares[bits];
  const index = (/** @type {number} */ value) => floorShift(value + 2 ** bits, bits - 11);
  const total = x.reduce((sum, value) => sum + squares[index(value)], tables.table_epsilon[bits]);
  const { pairs, entry } = rsqrt(total, tables);
  const scale = entry >> 1;
  return x.map((value) => roundShift(floorShift(value * scale, 8), tables.rsqrt_shift + bits - 17 - pairs));
}

/** @type {Kernel<Norm>} */
export function tableNorm({ name, source }, model) {
  const bits = parameter(model, `${name}.bits`);
  return ({ buffers }) => rmsnormTable(buffers[source], bits, model.tables);
}
