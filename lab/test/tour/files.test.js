/** Files of the repository that the page and its sources name are where they say. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { STEPS } from "../../src/tour/steps/index.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const NAMED = /\b(?:asm|docs|quantize|scripts|snesgpt|tables|tests|trainer)\/[\w/.-]+\.(?:asm|inc|md|py)\b/g;

const exists = (/** @type {string} */ file) => existsSync(path.join(ROOT, file));

test("every file that a step leads to exists", () => {
  for (const { id, files } of STEPS) {
    assert.ok(files.length, `${id} leads to no file`);
    assert.deepEqual(files.filter((file) => !exists(file)), [], id);
  }
});

test("every file of the repository that a source of the page names exists", () => {
  const folder = path.join(ROOT, "lab/src");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));
  const named = sources.map((source) => {
    /** @type {string[]} */
    const files = readFileSync(path.join(folder, source), "utf8").match(NAMED) ?? [];
    return { source, files };
  });
  assert.ok(named.flatMap(({ files }) => files).includes("quantize/executor.py"));
  for (const { source, files } of named) assert.deepEqual(files.filter((file) => !exists(file)), [], source);
});
