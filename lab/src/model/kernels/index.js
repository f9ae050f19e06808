/**
 * What computes each kind of block of the schedule: the twins of the classes in quantize/kernels/, a kernel a file.
 *
 * A kernel is (block, model) → (state) → vector: made once for a block of a model, called for every token. All vectors
 * are Q8.8 but where it says otherwise.
 *
 * @import { BlockKinds, Kernel, ModelData } from "../../types.js"
 */

import { relu, relu2 } from "./activation.js";
import { attention } from "./attention.js";
import { digitColumns } from "./digit_columns.js";
import { digitRows } from "./digit_rows.js";
import { embedding } from "./embedding.js";
import { linear } from "./linear.js";
import { norm } from "./norm.js";
import { ppuAttention } from "./ppu_attention.js";
import { residual } from "./residual.js";
import { schoolbook } from "./schoolbook.js";
import { tableNorm } from "./table_norm.js";

/**
 * @template {keyof BlockKinds} K
 * @typedef {object} Choice
 * @property {(model: ModelData, block: BlockKinds[K]) => string | undefined} name which one the model has
 * @property {Record<string, Kernel<BlockKinds[K]>>} kernels
 */

/** A norm or an attention of which the model says nothing is the exact one. */
const named = (/** @type {ModelData} */ { kernels }, /** @type {{name: string}} */ { name }) =>
  kernels[name] ?? "exact";

/**
 * Kind of block → the kernels it can have.
 * @type {{[K in keyof BlockKinds]: Choice<K>}}
 */
const KERNELS = {
  embed: { name: () => "rows", kernels: { rows: embedding } },
  norm: { name: named, kernels: { exact: norm, table: tableNorm } },
  linear: {
    name: ({ kernels }, { weight }) => kernels[weight],
    kernels: {
      schoolbook: linear(schoolbook),
      digits: linear(digitRows),
      digit_columns: linear(digitColumns),
    },
  },
  attention: { name: named, kernels: { exact: attention, ppu: ppuAttention } },
  activation: { name: ({ config }) => config.activation, kernels: { relu, relu2 } },
  add: { name: () => "sum", kernels: { sum: residual } },
};

/**
 * The function of a block. Throws for a kernel that is not known.
 * @template {keyof BlockKinds} K
 * @param {BlockKinds[K] & {kind: K}} block
 * @param {ModelData} model
 */
export function kernelOf(block, model) {
  const { name, kernels } = KERNELS[block.kind];
  const wanted = String(name(model, block));
  if (!Object.hasOwn(kernels, wanted)) {
    throw new Error(`unknown kernel ${wanted} of ${block.name}: this page knows ${Object.keys(kernels).join(", ")}`);
  }
  return kernels[wanted](block, model);
}
