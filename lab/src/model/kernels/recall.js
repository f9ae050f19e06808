/** @import { Bind, Kernels } from "../../types.js" */

import { rowsOf } from "../matrix.js";
import { keep } from "../state.js";

/**
 * logits += what the memory says: the sum of the rows of all known contexts, less the middle of its range, halved.
 * @type {Bind<Kernels["RecalledLogits"]>}
 */
export function recalledLogits({ block, halvings }, { config, tensors }) {
  const tables = Array.from({ length: block.tokens - 1 }, (_, n) => rowsOf(tensors[`memory${n + 2}.logits`]));
  return (state) => {
    const said = new Int32Array(config.vocab_size);
    state.rows.slice(0, tables.length).forEach((row, n) => {
      tables[n][row].forEach((value, symbol) => (said[symbol] += value));
    });
    const middle = (Math.min(...said) + Math.max(...said)) >> 1;
    const half = (1 << halvings) >> 1;
    keep(state, block, state.buffers[block.out].map((value, n) => value + ((said[n] - middle + half) >> halvings)));
  };
}
