/** @import { Bind, Kernels, Tables, Vector } from "../../types.js" */

import { floorShift } from "../fixed.js";
import { cache } from "../state.js";

/**
 * Every pair of a head's dimensions turned by its angle: (x₀ cos − x₁ sin, x₀ sin + x₁ cos), every product floored.
 * @param {Vector} x the heads side by side
 * @param {number} width of a head
 * @param {number} position
 * @param {Tables} tables
 */
export function rotate(x, width, position, tables) {
  const angles = tables.rotary[width].subarray(position * width, (position + 1) * width);
  return x.map((value, n) => {
    const [pair, odd] = [(n % width) & ~1, n & 1];
    const [cos, sin] = [angles[pair], angles[pair + 1]];
    return odd ? floorShift(x[n - 1] * sin, 8) + floorShift(value * cos, 8) : floorShift(value * cos, 8) - floorShift(x[n + 1] * sin, 8);
  });
}

/**
 * rotate, of the query and of the key, which is kept less its centre.
 * @type {Bind<Kernels["Turn"]>}
 */
export function turn({ block }, { config, tables, tensors }) {
  const centre = tensors[block.centre].values;
  return (state) => {
    const turned = (/** @type {string} */ name) => rotate(state.buffers[name], config.head_dim, state.position, tables);
    const [query, key] = [turned(block.query), turned(block.key)];
    state.buffers[block.query] = query;
    cache(state, block.keys).push(key.map((value, n) => value - centre[n]));
    state.trace[block.name] = Int32Array.from([...query, ...key]);
  };
}
