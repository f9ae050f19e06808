/**
 * Single functions at the edges of their ranges give what Python's give.
 * @import { Golden } from "./golden.js"
 * @import { Integers, Multiply } from "../../src/types.js"
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { positive, squared } from "../../src/model/kernels/activation.js";
import { attend, attentionScores, softmaxWeights } from "../../src/model/kernels/attention.js";
import {
  narrow,
  reciprocal,
  softmaxWeightsInBytes,
} from "../../src/model/kernels/byte_attention.js";
import { digitColumns } from "../../src/model/kernels/digit_columns.js";
import { digitRows } from "../../src/model/kernels/digit_rows.js";
import { gated } from "../../src/model/kernels/gate.js";
import { lookedUp } from "../../src/model/kernels/lookup.js";
import { attendMac, attentionScoresMac } from "../../src/model/kernels/mac_attention.js";
import { rmsnorm } from "../../src/model/kernels/norm.js";
import { attendPpu, attentionScoresPpu } from "../../src/model/kernels/ppu_attention.js";
import { addCut } from "../../src/model/kernels/residual.js";
import { rotate } from "../../src/model/kernels/rotary.js";
import { schoolbook } from "../../src/model/kernels/schoolbook.js";
import { rmsnormTable } from "../../src/model/kernels/table_norm.js";
import { seededGenerator } from "../../src/model/random.js";
import { choose, inverseTemperature, nucleus, samplingWeights } from "../../src/model/sampler.js";
import { Tokenizer } from "../../src/model/tokenizer.js";
import { goldenCalls, goldenModels } from "./golden.js";

const { tables, calls } = goldenCalls();
/** @type {Map<string, Golden>} */
const models = new Map(goldenModels());

/**
 * Lists of numbers as the model holds them.
 * @param {unknown} value
 * @returns {unknown}
 */
const vectors = (value) => {
  if (!Array.isArray(value)) return value;
  return Array.isArray(value[0]) ? value.map(vectors) : Int32Array.from(value);
};

const multiply =
  (/** @type {(rows: Integers[], exponent: number, unbiased?: boolean) => Multiply} */ kernel, unbiased = false) =>
  (/** @type {Int32Array<ArrayBuffer>[]} */ rows, /** @type {number} */ exponent, /** @type {Int32Array<ArrayBuffer>} */ x) =>
    kernel(rows, exponent, unbiased)(x);

/**
 * Name of a call → the function; the tables come last.
 * @type {Record<string, (...given: any[]) => number | ArrayLike<number>>}
 */
const CALLS = {
  attentionScores,
  softmaxWeights,
  attend,
  narrow,
  attentionScoresPpu,
  reciprocal,
  softmaxWeightsInBytes,
  attendPpu,
  attentionScoresMac,
  attendMac,
  inverseTemperature,
  samplingWeights,
  nucleus,
  choose,
  rmsnorm,
  rmsnormTable,
  relu: positive,
  relu2: squared,
  gated,
  lookedUp,
  addCut,
  rotate,
  "linear SchoolbookRows": multiply(schoolbook),
  "linear DigitRows": multiply(digitRows),
  "linear unbiased": multiply(digitRows, true),
  "linear ActiveColumns": multiply(digitColumns),
  draws: (/** @type {number} */ seed) => {
    const generator = seededGenerator(seed);
    return Array.from({ length: 50 }, () => generator.draw());
  },
  encode: (/** @type {string} */ text, /** @type {string} */ name) => {
    const found = models.get(name);
    assert.ok(found, `there is no golden model ${name}`);
    return new Tokenizer(found.model).encode(text);
  },
};

for (const name of new Set(calls.map(({ call }) => call))) {
  test(name, () => {
    for (const { call, given, result } of calls.filter((one) => one.call === name)) {
      const found = CALLS[name](...given.map(vectors), tables);
      assert.deepEqual(typeof found === "number" ? found : Array.from(found), result, `${call}(${JSON.stringify(given)})`);
    }
  });
}
