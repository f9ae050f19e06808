/** @import { Bind, Kernels } from "../../types.js" */

import { rowsOf } from "../matrix.js";
import { keep } from "../state.js";

/**
 * wte[token], and wpe[position] on top if positions are learned.
 * @type {Bind<Kernels["Embedding"]>}
 */
export function embedding({ block }, { tensors }) {
  const wte = rowsOf(tensors.wte);
  const wpe = block.positions ? rowsOf(tensors.wpe) : [];
  return (state) => {
    const place = wpe[state.position] ?? [];
    keep(state, block, Int32Array.from(wte[state.token], (value, n) => value + (place[n] ?? 0)));
  };
}
