/** From logits to a letter: the twin of quantize/sampler.py. */

import { FRACTION_BITS, floorShift, roundDivide, roundShift } from "./fixed.js";
import { seededGenerator } from "./random.js";

const EXP_STEP_BITS = 3;
const INDEX_SHIFT = FRACTION_BITS + EXP_STEP_BITS;

/** 2^logitExponent / T in Q8.8, T in tenths; 0 stands for greedy. */
export function inverseTemperature(tenths, logitExponent = 0) {
  return tenths === 0 ? 0 : roundDivide(2560 * 2 ** logitExponent, tenths);
}

/** exp((l − max l) · inverseT), not normalised: (candidates,) Q0.16, the largest 65535. inverseT > 0. */
export function samplingWeights(logits, inverseT, tables) {
  const largest = Math.max(...logits);
  return logits.map((logit) => tables.exp[roundShift((largest - logit) * inverseT, INDEX_SHIFT)] ?? 0);
}

/** The next token: the first i with w₀ + … + wᵢ > random · Σw / 2^16, or the first maximum if inverseT = 0. */
export function choose(logits, inverseT, random, tables) {
  if (inverseT === 0) return logits.indexOf(Math.max(...logits));
  const weights = samplingWeights(logits, inverseT, tables);
  const threshold = floorShift(random * weights.reduce((sum, weight) => sum + weight, 0), 16);
  let cumulative = 0;
  return weights.findIndex((weight) => (cumulative += weight) > threshold);
}

/**
 * Everything the console computes for a request, token by token.
 *
 * A draw is made for every sampled token, also at T = 0; a prompt's tokens are given and draw nothing. The first token
 * after an empty prompt is never BOS. A running text goes on where its context is full: the second half of the window
 * is the next one's prompt.
 * @param integer an IntegerModel
 * @param lab lab.json, of which config, logit_exponent, running and tables are read
 * @param {{seed: number, tenths: number, count: number, prompt?: number[]}} request
 */
export function* run(integer, lab, { seed, tenths, count, prompt: given = [] }) {
  const { bos, block_size: context } = lab.config;
  const inverseT = inverseTemperature(tenths, lab.logit_exponent);
  const generator = seededGenerator(seed);
  let [stream, token, left, prompt, window] = [integer.start(), bos, count, [...given], []];
  while (left > 0) {
    const { position } = stream;
    const { logits, trace } = integer.step(stream, token);
    let next = prompt[position];
    if (position >= prompt.length) {
      const candidates = position === 0 ? logits.subarray(0, bos) : logits;
      next = choose(candidates, inverseT, generator.draw(), lab.tables);
    }
    yield { token, position, next, x: generator.x, y: generator.y, logits, trace };
    window[position] = next;
    if (lab.running && next === bos) prompt = [];
    else if (lab.running && position + 1 === context) prompt = window.slice(context - Math.floor(context / 2));
    const ended = next === bos || stream.position === context;
    token = next;
    if (ended) [stream, token, left] = [integer.start(), bos, left - 1];
  }
}
