/** Single functions at the edges of their ranges give what Python's give. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as blocks from "../../src/model/blocks.js";
import { linear } from "../../src/model/kernels.js";
import { seededGenerator } from "../../src/model/random.js";
import * as sampler from "../../src/model/sampler.js";
import { Tokenizer } from "../../src/model/tokenizer.js";
import { goldenCalls, goldenModels } from "./golden.js";

const { tables, calls } = goldenCalls();
const models = new Map(goldenModels());

/** Lists of numbers as the model holds them. */
const vectors = (value) => {
  if (!Array.isArray(value)) return value;
  return Array.isArray(value[0]) ? value.map(vectors) : Int32Array.from(value);
};

const multiply = (kernel) => (matrix, exponent, x) => {
  const shape = [matrix.length, matrix[0].length];
  return linear(kernel, { shape, values: matrix.flatMap((row) => [...row]) }, exponent)(x);
};

/** What is not called by its own name, or takes the tables in another place than the last. */
const CALLS = {
  ...blocks.ACTIVATIONS,
  "linear schoolbook": multiply("schoolbook"),
  "linear digits": multiply("digits"),
  "linear digit_columns": multiply("digit_columns"),
  draws: (seed) => {
    const generator = seededGenerator(seed);
    return Array.from({ length: 50 }, () => generator.draw());
  },
  encode: (text, model) => new Tokenizer(models.get(model).model).encode(text),
};

for (const name of new Set(calls.map(({ call }) => call))) {
  test(name, () => {
    const function_ = CALLS[name] ?? blocks[name] ?? sampler[name];
    for (const { call, given, result } of calls.filter((one) => one.call === name)) {
      const found = function_(...given.map(vectors), tables);
      assert.deepEqual(typeof found === "number" ? found : [...found], result, `${call}(${JSON.stringify(given)})`);
    }
  });
}
