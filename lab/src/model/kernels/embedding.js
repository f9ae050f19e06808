/** @import { Embed, Kernel } from "../../types.js" */

import { rowsOf } from "../matrix.js";

/**
 * wte[token] + wpe[position].
 * @type {Kernel<Embed>}
 */
export function embedding(_block, { tensors }) {
  const [wte, wpe] = [rowsOf(tensors.wte), rowsOf(tensors.wpe)];
  return ({ token, position }) => wte[token].map((value, n) => value + wpe[position][n]);
}
