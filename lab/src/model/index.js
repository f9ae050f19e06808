/**
 * The model of lab.json in JavaScript: every number is the one Python and the console compute.
 * @import { Model, ModelData, Vector } from "../types.js"
 */

import { Executor } from "./executor.js";
import { choose, inverseTemperature, nucleus, run, samplingWeights } from "./sampler.js";
import { Tokenizer } from "./tokenizer.js";

export { canonical, planesOfRow, terms } from "./digits.js";
export { roundShift } from "./fixed.js";
export { seededGenerator } from "./random.js";
export { choose, inverseTemperature, samplingWeights } from "./sampler.js";

/** The weight of the likeliest token, Q0.16. */
const LARGEST = 0xffff;

/**
 * @param {ModelData} data
 * @returns {Model}
 */
export function createModel(data) {
  const executor = new Executor(data);
  const tokenizer = new Tokenizer(data);
  const inverse = (/** @type {number} */ tenths) => inverseTemperature(tenths, data.logit_exponent);
  const weigh = (/** @type {Vector} */ logits, /** @type {number} */ tenths) => {
    if (tenths > 0) return nucleus(samplingWeights(logits, inverse(tenths), data.tables), data.top_p);
    const likeliest = choose(logits, 0, 0, 0, data.tables);
    return logits.map((_, token) => (token === likeliest ? LARGEST : 0));
  };
  return {
    config: data.config,
    bos: data.config.bos,
    encode: (text) => tokenizer.encode(text),
    decode: (tokens) => tokenizer.decode(tokens),
    start: () => executor.start(),
    step: (stream, token) => executor.step(stream, token),
    run: (request) => run(executor, data, request),
    choose: (logits, tenths, random) => choose(logits, inverse(tenths), random, data.top_p, data.tables),
    probabilities(logits, tenths) {
      const weights = weigh(logits, tenths);
      return { weights, total: weights.reduce((sum, weight) => sum + weight, 0) };
    },
  };
}
