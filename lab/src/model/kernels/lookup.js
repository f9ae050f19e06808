/** @import { Bind, Kernels, Tables, Vector } from "../../types.js" */

import { clip, roundShift } from "../fixed.js";
import { keep } from "../state.js";
import { entryOf } from "./hidden_units.js";

/**
 * gelu(x) from a table, cut to ±limit and halved `shift` times.
 * @param {Vector} x
 * @param {string} kind
 * @param {number} bits of the table
 * @param {number} limit
 * @param {number} shift
 * @param {Tables} tables
 */
export function lookedUp(x, kind, bits, limit, shift, tables) {
  const gelu = tables.gelu[`${kind} ${bits}`];
  return x.map((value) => roundShift(clip(entryOf(gelu, value, bits), -limit, limit), shift));
}

/**
 * Of all hidden units, or of a part.
 * @type {Bind<Kernels["Lookup"]>}
 */
export const lookup = ({ block, bits, limit, shift }, { tables }) => (state) => {
  const part = block.part ?? [0];
  const units = state.buffers[block.out].subarray(...part);
  keep(state, block, lookedUp(units, block.kind, bits, limit, shift, tables), part[0]);
};
