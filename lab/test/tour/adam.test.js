/** Adam on one number. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BETA1, BETA2, start, step } from "../../src/tour/adam.js";

const close = (/** @type {number} */ a, /** @type {number} */ b) =>
  assert.ok(Math.abs(a - b) < 1e-7, `${a} is not ${b}`);

test("the first step is as long as the learning rate, whatever the gradient", () => {
  for (const gradient of [0.5, -2, 800]) close(step(start(2), gradient, 0.1).weight, 2 - 0.1 * Math.sign(gradient));
});

test("without gradient nothing moves", () => assert.equal(step(start(0.25), 0, 0.1).weight, 0.25));

test("two steps, written out", () => {
  const after = step(step(start(1), 0.4, 0.1), -0.2, 0.1);
  const m = BETA1 * (1 - BETA1) * 0.4 - (1 - BETA1) * 0.2;
  const v = BETA2 * (1 - BETA2) * 0.16 + (1 - BETA2) * 0.04;
  close(after.m, m);
  close(after.v, v);
  close(after.weight, 0.9 - (0.1 * (m / (1 - BETA1 ** 2))) / Math.sqrt(v / (1 - BETA2 ** 2)));
});

test("it finds the bottom of a bowl", () => {
  let state = start(3);
  for (let i = 0; i < 400; i += 1) state = step(state, 2 * (state.weight - 1), 0.05 * (1 - i / 400));
  assert.ok(Math.abs(state.weight - 1) < 0.01);
});
