/**
 * What the program says of a block or of a matrix.
 * @import { KernelData, ModelData } from "../types.js"
 */

/**
 * The kernel of a block, or undefined where the schedule has none of that name.
 * @param {Pick<ModelData, "program">} model
 * @param {string} block
 */
export const kernelOf = ({ program }, block) => program.find((kernel) => kernel.block.name === block);

/**
 * Whether a kernel adds digits of a matrix.
 * @param {KernelData} kernel
 */
const isDigits = (kernel) => kernel.kernel === "DigitRows" || kernel.kernel === "ActiveColumns";

/**
 * The matrices whose digits are added, in the order of the tensors.
 * @param {Pick<ModelData, "program" | "tensors">} model
 */
export function digitMatrices({ program, tensors }) {
  const found = new Set(program.flatMap((kernel) => (isDigits(kernel) && "weight" in kernel.block ? [kernel.block.weight] : [])));
  return Object.keys(tensors).filter((name) => found.has(name));
}

/**
 * How lm_head's input is cut and halved; not at all: 0.
 * @param {Pick<ModelData, "program">} model
 */
export function headClamp(model) {
  const head = kernelOf(model, "head") ?? kernelOf(model, "logits");
  return head?.kernel === "DigitRows" ? { clamp: head.clamp, shift: head.clamp_shift } : { clamp: 0, shift: 0 };
}

/**
 * The blocks that leave the hidden units of a layer, part after part.
 * @param {Pick<ModelData, "program">} model
 * @param {number} layer
 */
export const hiddenUnits = ({ program }, layer) =>
  program
    .filter(({ kernel, block }) => block.layer === layer && ["Rectifier", "SiluGate", "Lookup"].includes(kernel))
    .map(({ block }) => block.name);
