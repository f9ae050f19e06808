/** @import { ModelData } from "../types.js" */

/**
 * A number that a kernel cannot do without. Throws where the model does not have it.
 * @param {ModelData} model
 * @param {string} name
 */
export function parameter({ parameters }, name) {
  const number = parameters[name];
  if (number === undefined) throw new Error(`the model has no ${name}`);
  return number;
}
