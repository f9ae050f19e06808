/** Where Python's numbers are: `python -m tests.support.lab_golden build/lab-golden`, and `snesgpt lab --golden`. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = process.env.LAB_GOLDEN ?? fileURLToPath(new URL("../../../build/lab-golden", import.meta.url));

const parsed = (path) => JSON.parse(readFileSync(path, "utf8"));

function required(path) {
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`python -m tests.support.lab_golden ${FOLDER}\` first`);
  return path;
}

/** [name, {model, requests}] of every model. */
export function goldenModels() {
  const folder = required(`${FOLDER}/models`);
  return readdirSync(folder)
    .sort()
    .map((file) => [file.replace(/\.json$/, ""), parsed(`${folder}/${file}`)]);
}

/** {tables, calls}. */
export function goldenCalls() {
  return parsed(required(`${FOLDER}/calls.json`));
}
