/** @import { Bind, Kernels, Tables, Vector } from "../../types.js" */

import { FRACTION_BITS, clip, floorShift, roundShift } from "../fixed.js";
import { keep } from "../state.js";
import { entryOf } from "./hidden_units.js";

/**
 * silu(gate) · up, floored, cut to ±limit and halved `shift` times, silu from a table.
 * @param {Vector} gate
 * @param {Vector} up
 * @param {number} bits of the table
 * @param {number} limit
 * @param {number} shift
 * @param {Tables} tables
 */
export function gated(gate, up, bits, limit, shift, tables) {
  const silu = tables.silu[bits];
  const product = (/** @type {number} */ x, /** @type {number} */ y) => floorShift(entryOf(silu, x, bits) * y, FRACTION_BITS);
  return gate.map((x, n) => roundShift(clip(product(x, up[n]), -limit, limit), shift));
}

/**
 * Of all hidden units, or of a part.
 * @type {Bind<Kernels["SiluGate"]>}
 */
export const siluGate = ({ block, bits, limit, shift }, { tables }) => (state) => {
  const part = block.part ?? [0];
  const [gate, up] = [state.buffers[block.gate].subarray(...part), state.buffers[block.up].subarray(...part)];
  keep(state, block, gated(gate, up, bits, limit, shift, tables), part[0]);
};
