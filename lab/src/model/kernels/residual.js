/** @import { Add, Kernel } from "../../types.js" */

/**
 * What is there, and the source on top.
 * @type {Kernel<Add>}
 */
export const residual = ({ source, out }) => ({ buffers }) =>
  buffers[out].map((value, n) => value + buffers[source][n]);
