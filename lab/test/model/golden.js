/**
 * Where Python's numbers are: `python -m tests.support.lab_golden build/lab-golden`, and `snesgpt lab --golden`.
 * @import { ModelData, Request, Tables } from "../../src/types.js"
 */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parsed as unpacked } from "../../src/model/packed.js";

const FOLDER = process.env.LAB_GOLDEN ?? fileURLToPath(new URL("../../../build/lab-golden", import.meta.url));

/**
 * A token of a request, all its numbers in lists.
 * @typedef {{token: number, position: number, next: number, x: number, y: number, logits: number[],
 *   trace: Record<string, number[]>}} GoldenToken
 */

/** @typedef {{model: ModelData, requests: (Required<Request> & {tokens: GoldenToken[]})[]}} Golden */

/** @typedef {{call: string, given: unknown[], result: number | number[]}} GoldenCall */

const parsed = (/** @type {string} */ path) => unpacked(readFileSync(path, "utf8"));

/** @param {string} path */
function required(path) {
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`python -m tests.support.lab_golden ${FOLDER}\` first`);
  return path;
}

/**
 * The models by name.
 * @returns {[name: string, Golden][]}
 */
export function goldenModels() {
  const folder = required(`${FOLDER}/models`);
  return readdirSync(folder)
    .sort()
    .map((file) => [file.replace(/\.json$/, ""), parsed(`${folder}/${file}`)]);
}

/** @returns {{tables: Tables, calls: GoldenCall[]}} */
export function goldenCalls() {
  return parsed(required(`${FOLDER}/calls.json`));
}
