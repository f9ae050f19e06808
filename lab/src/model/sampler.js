/**
 * From logits to a letter: the twin of quantize/sampler.py.
 * @import { ModelData, Request, Tables, Token, Vector } from "../types.js"
 * @import { Executor } from "./executor.js"
 */

import { FRACTION_BITS, floorShift, roundDivide, roundShift } from "./fixed.js";
import { seededGenerator } from "./random.js";

const EXP_STEP_BITS = 3;
const INDEX_SHIFT = FRACTION_BITS + EXP_STEP_BITS;

/**
 * 2^logitExponent / T in Q8.8, T in tenths; 0 means greedy.
 * @param {number} tenths
 */
export function inverseTemperature(tenths, logitExponent = 0) {
  return tenths === 0 ? 0 : roundDivide(2560 * 2 ** logitExponent, tenths);
}

/**
 * exp((l − max l) · inverseT), not normalised: (candidates,) Q0.16, the largest 65535.
 * @param {Vector} logits
 * @param {number} inverseT above zero
 * @param {Tables} tables
 */
export function samplingWeights(logits, inverseT, tables) {
  const largest = Math.max(...logits);
  return logits.map((logit) => tables.exp[roundShift((largest - logit) * inverseT, INDEX_SHIFT)] ?? 0);
}

/**
 * The fewest largest weights that sum to more than topP percent, less than 2^-16 below, and the equals of their least.
 * @param {Vector} weights
 * @param {number} topP in percent, 0 = all
 */
export function nucleus(weights, topP) {
  if (topP === 0) return weights;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = floorShift(Math.floor((topP * 65536 - 1) / 100) * total, 16);
  const least = [...weights].sort((a, b) => b - a).find((weight) => (left -= weight) < 0) ?? 0;
  return weights.map((weight) => (weight >= least ? weight : 0));
}

/**
 * The next token: the first i with w₀ + … + wᵢ > random · Σw / 2^16, w the weights in the nucleus, or the first
 * maximum if inverseT = 0.
 * @param {Vector} logits
 * @param {number} inverseT
 * @param {number} random 16 bits
 * @param {number} topP in percent, 0 = all
 * @param {Tables} tables
 */
export function choose(logits, inverseT, random, topP, tables) {
  if (inverseT === 0) return logits.indexOf(Math.max(...logits));
  const weights = nucleus(samplingWeights(logits, inverseT, tables), topP);
  const threshold = floorShift(random * weights.reduce((sum, weight) => sum + weight, 0), 16);
  let cumulative = 0;
  return weights.findIndex((weight) => (cumulative += weight) > threshold);
}

/**
 * Everything the console computes for a request, token by token.
 *
 * A draw is made for every sampled token, also at T = 0; a prompt's tokens are given and draw nothing. The first token
 * after an empty prompt is never BOS. A text that goes on does so where its context is full: the second half of the
 * window is the next one's prompt. Drawn at the model's own top-p.
 * @param {Executor} executor
 * @param {ModelData} model
 * @param {Request} request
 * @returns {Generator<Token, void, undefined>}
 */
export function* run(executor, model, { seed, tenths, count, prompt: given = [] }) {
  const { bos, block_size: context } = model.config;
  const inverseT = inverseTemperature(tenths, model.logit_exponent);
  const generator = seededGenerator(seed);
  let [stream, token, left, prompt] = [executor.start(), bos, count, [...given]];
  /** @type {number[]} */
  const window = [];
  while (left > 0) {
    const { position } = stream;
    const { logits, trace } = executor.step(stream, token);
    let next = prompt[position];
    if (position >= prompt.length) {
      const candidates = position === 0 ? logits.subarray(0, bos) : logits;
      next = choose(candidates, inverseT, generator.draw(), model.top_p, model.tables);
    }
    yield { token, position, next, x: generator.x, y: generator.y, logits, trace };
    window[position] = next;
    if (model.goes_on && next === bos) prompt = [];
    else if (model.goes_on && position + 1 === context) prompt = window.slice(context - Math.floor(context / 2));
    const ended = next === bos || stream.position === context;
    token = next;
    if (ended) [stream, token, left] = [executor.start(), bos, left - 1];
  }
}
