/** The model of lab.json in JavaScript: every number is the one Python and the console compute. */

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
 * @param lab lab.json, parsed
 * encode(text) → tokens without BOS; decode(tokens) → text; bos; start() → a document; step(document, token) →
 * {logits, trace}; run({seed, tenths, count, prompt}) → generator of {token, position, next, x, y, logits, trace};
 * probabilities(logits, tenths) → {weights, total}; choose(logits, tenths, random) → token; all at the model's top-p.
 * For a document's first token pass logits.subarray(0, bos): it is never BOS.
 */
export function createModel(lab) {
  const executor = new Executor(lab);
  const tokenizer = new Tokenizer(lab);
  const inverse = (tenths) => inverseTemperature(tenths, lab.logit_exponent);
  const weigh = (logits, tenths) => {
    if (tenths > 0) return nucleus(samplingWeights(logits, inverse(tenths), lab.tables), lab.top_p);
    const likeliest = choose(logits, 0, 0, 0, lab.tables);
    return logits.map((_, token) => (token === likeliest ? LARGEST : 0));
  };
  return {
    config: lab.config,
    bos: lab.config.bos,
    encode: (text) => tokenizer.encode(text),
    decode: (tokens) => tokenizer.decode(tokens),
    start: () => executor.start(),
    step: (stream, token) => executor.step(stream, token),
    run: (request) => run(executor, lab, request),
    choose: (logits, tenths, random) => choose(logits, inverse(tenths), random, lab.top_p, lab.tables),
    probabilities(logits, tenths) {
      const weights = weigh(logits, tenths);
      return { weights, total: weights.reduce((sum, weight) => sum + weight, 0) };
    },
  };
}
