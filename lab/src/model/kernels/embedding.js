/** @import { Bind, Kernels } from "../../types.js" */

import { rowsOf } from "../matrix.js";
import { keep } from "../state.js";

/**
 * wte[token], the vectors of its known contexts, and wpe[position] if positions are learned.
 * @type {Bind<Kernels["Embedding"]>}
 */
export function embedding({ block }, { tensors }) {
  const wte = rowsOf(tensors.wte);
  const wpe = block.positions ? rowsOf(tensors.wpe) : [];
  const vectors = Array.from({ length: block.tokens - 1 }, (_, n) => rowsOf(tensors[`memory${n + 2}.vectors`]));
  return (state) => {
    const found = state.rows.slice(0, vectors.length).map((row, n) => vectors[n][row]);
    const added = [wpe[state.position] ?? [], ...found];
    keep(state, block, Int32Array.from(wte[state.token], (value, n) => added.reduce((sum, row) => sum + (row[n] ?? 0), value)));
  };
}
