/**
 * What computes the blocks of the program: the twins of the classes in quantize/kernels/, by their names, a file each.
 *
 * A kernel's record and the model make a step, once; a step is called for every token. It reads and writes vectors by
 * name and notes what it computed. All vectors are Q8.8 but where it says otherwise.
 *
 * @import { Bind, KernelData, Kernels, ModelData } from "../../types.js"
 */

import { rectifier } from "./activation.js";
import { exactAttention } from "./attention.js";
import { knownContext } from "./context.js";
import { activeColumns } from "./digit_columns.js";
import { signedDigits } from "./digit_rows.js";
import { embedding } from "./embedding.js";
import { siluGate } from "./gate.js";
import { lookup } from "./lookup.js";
import { macAttention } from "./mac_attention.js";
import { exactNorm } from "./norm.js";
import { ppuAttention } from "./ppu_attention.js";
import { recalledLogits } from "./recall.js";
import { cutSum, sum } from "./residual.js";
import { turn } from "./rotary.js";
import { schoolbookRows } from "./schoolbook.js";
import { tableNorm } from "./table_norm.js";

/** @type {{[K in keyof Kernels]: Bind<Kernels[K]>}} */
export const KERNELS = {
  KnownContext: knownContext,
  Embedding: embedding,
  ExactNorm: exactNorm,
  TableNorm: tableNorm,
  SchoolbookRows: schoolbookRows,
  DigitRows: signedDigits,
  ActiveColumns: activeColumns,
  ExactAttention: exactAttention,
  PpuAttention: ppuAttention,
  MacAttention: macAttention,
  Rectifier: rectifier,
  Sum: sum,
  CutSum: cutSum,
  Turn: turn,
  SiluGate: siluGate,
  Lookup: lookup,
  RecalledLogits: recalledLogits,
};

/**
 * The function of a kernel. Throws for one that is not known.
 * @template {keyof Kernels} K
 * @param {KernelData & {kernel: K} & Kernels[K]} kernel
 * @param {ModelData} model
 */
export function stepOf(kernel, model) {
  if (!Object.hasOwn(KERNELS, kernel.kernel)) {
    throw new Error(`unknown kernel ${kernel.kernel} of ${kernel.block.name}: this page knows ${Object.keys(KERNELS).join(", ")}`);
  }
  return KERNELS[kernel.kernel](kernel, model);
}
