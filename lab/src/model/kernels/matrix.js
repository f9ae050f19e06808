/**
 * The part that all ways to compute y = W x share: a matrix's place in the schedule.
 * @import { Bind, Integers, Linear, ModelData, Multiply } from "../../types.js"
 */

import { rowsOf } from "../matrix.js";
import { cache, keep } from "../state.js";

/**
 * @template {{block: Linear}} K
 * @param {(kernel: K, rows: Integers[], model: ModelData) => Multiply} product given the rows and columns that take part
 * @returns {Bind<K>}
 */
export const matrixKernel = (product) => (kernel, model) => {
  const { block } = kernel;
  const multiply = product(kernel, rowsOf(model.tensors[block.weight], block.outputs, block.inputs), model);
  const [first] = block.outputs ?? [0];
  return (state) => {
    const result = multiply(state.buffers[block.source].subarray(...(block.inputs ?? [])));
    if (block.cached) cache(state, block.out).push(result);
    keep(state, block, result, first);
  };
};
