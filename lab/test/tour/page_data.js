/**
 * The page's own data, as `make lab` leaves it, and the model made of it.
 * @import { Lab } from "../../src/types.js"
 */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createModel } from "../../src/model/index.js";
import { parsed } from "../../src/model/packed.js";

const PATH = fileURLToPath(new URL("../../../build/lab-data/lab.json", import.meta.url));

if (!existsSync(PATH)) throw new Error(`${PATH} is missing: run \`make lab\` first`);
/** @type {Lab} */
export const lab = parsed(readFileSync(PATH, "utf8"));
export const model = createModel(lab);

/** BOS c1 … cn BOS of a text. */
export const documentOf = (/** @type {string} */ text) => [lab.config.bos, ...model.encode(text), lab.config.bos];
