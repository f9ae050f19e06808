/** @import { Bind, Kernels, Tables, Vector } from "../../types.js" */

import { floorShift, roundShift } from "../fixed.js";
import { keep } from "../state.js";
import { rsqrt } from "./norm.js";

/**
 * x / sqrt(mean(x²) + 1e-5) with squares from a table of 4,096 and a root of seven bits. x (d,) Q8.8 within ±2^bits.
 * @param {Vector} x
 * @param {number} bits
 * @param {number} doublings of x before its product loses eight bits
 * @param {Tables} tables
 */
export function rmsnormTable(x, bits, doublings, tables) {
  const squares = tables.squares[bits];
  const index = (/** @type {number} */ value) => floorShift(value + 2 ** bits, bits - 11);
  const total = x.reduce((sum, value) => sum + squares[index(value)], tables.table_epsilon[bits]);
  const { pairs, entry } = rsqrt(total, tables);
  const scale = (entry >> 1) * 2 ** doublings;
  const shift = tables.rsqrt_shift + bits - 17 - pairs + doublings;
  return x.map((value) => roundShift(floorShift(value * scale, 8), shift));
}

/** @type {Bind<Kernels["TableNorm"]>} */
export const tableNorm = ({ block, bits, doublings }, { tables }) => (state) =>
  keep(state, block, rmsnormTable(state.buffers[block.source], bits, doublings, tables));
