/**
 * What kernels do with the state of a token under way: the twin of State in quantize/kernel.py.
 * @import { State, Vector } from "../types.js"
 */

/**
 * A block's result becomes the vector `out` from element `first` on, and an entry of the trace.
 * @param {State} state
 * @param {{name: string, out: string}} block
 * @param {Vector} result
 */
export function keep({ buffers, trace }, { name, out }, result, first = 0) {
  const before = buffers[out];
  trace[name] = buffers[out] = result;
  if (first === 0) return;
  buffers[out] = new Int32Array(first + result.length);
  buffers[out].set(before.subarray(0, first));
  buffers[out].set(result, first);
}

/**
 * The vectors that a cache has, one a position so far: to be added to.
 * @param {State} state
 * @param {string} name
 * @returns {Vector[]}
 */
export const cache = ({ caches }, name) => (caches[name] ??= []);
