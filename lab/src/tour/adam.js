/** Adam on one number, as trainer/training/adam.py has it for all of them. */

/** @typedef {{weight: number, m: number, v: number, updates: number}} State */

export const BETA1 = 0.9;
export const BETA2 = 0.99;
export const EPSILON = 1e-8;

/**
 * Before the first step.
 * @param {number} weight
 * @returns {State}
 */
export const start = (weight) => ({ weight, m: 0, v: 0, updates: 0 });

/**
 * The state after one step against `gradient`.
 * @param {State} state
 * @param {number} gradient
 * @param {number} rate
 * @returns {State}
 */
export function step({ weight, m, v, updates }, gradient, rate) {
  const count = updates + 1;
  const mean = BETA1 * m + (1 - BETA1) * gradient;
  const square = BETA2 * v + (1 - BETA2) * gradient ** 2;
  const corrected = mean / (1 - BETA1 ** count);
  const size = Math.sqrt(square / (1 - BETA2 ** count));
  return { weight: weight - (rate * corrected) / (size + EPSILON), m: mean, v: square, updates: count };
}
