/** @import { Bind, Kernels } from "../../types.js" */

/**
 * The rows that a memory has for the last tokens: of each length from 2 on, as far as the context is known.
 * @type {Bind<Kernels["KnownContext"]>}
 */
export function knownContext({ block }, { config }) {
  const places = (config.memory?.known ?? []).map((flat, n) => placesOf(flat, n + 2));
  return (state) => {
    state.rows = [];
    for (let length = 2; length <= block.tokens; length += 1) {
      const row = places[length - 2].get(state.last.slice(-length).join());
      if (row === undefined) break;
      state.rows.push(row);
    }
  };
}

/**
 * A context's tokens → its row.
 * @param {number[]} flat contexts one after another
 * @param {number} length of each
 */
function placesOf(flat, length) {
  const contexts = Array.from({ length: flat.length / length }, (_, n) => flat.slice(n * length, (n + 1) * length));
  return new Map(contexts.map((context, row) => [context.join(), row]));
}
