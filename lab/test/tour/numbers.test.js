/** Q8.8 and signed digits as the figures show them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { digitMatrices } from "../../src/model/program.js";
import { canonical } from "../../src/model/index.js";
import { ONE, WORD_MAX, WORD_MIN, bitsOf, flipBit, toQ88 } from "../../src/tour/q88.js";
import { digitCounts, digitsOf } from "../../src/tour/steps/digits.js";
import { lab } from "./page_data.js";

test("the nearest word, halves up, cut at the ends", () => {
  assert.deepEqual([1.5, -1.5, 0.5 / ONE, -0.5 / ONE, 1000, -1000].map(toQ88), [
    384,
    -384,
    1,
    0,
    WORD_MAX,
    WORD_MIN,
  ]);
});

test("bits: worth their places, and flipped one by one", () => {
  for (const word of [0, 1, -1, 384, -385, WORD_MAX, WORD_MIN]) {
    const worth = bitsOf(word).reduce((sum, bit, i) => sum + bit * (i ? 2 ** (15 - i) : WORD_MIN), 0);
    assert.equal(worth, word);
    for (let bit = 0; bit < 16; bit += 1) {
      assert.notEqual(flipBit(word, bit), word);
      assert.equal(flipBit(flipBit(word, bit), bit), word);
    }
  }
});

const TENSORS = digitMatrices(lab);

test("the digits of every weight add up to it, and its neighbours are never both used", () => {
  assert.ok(TENSORS.length);
  for (const name of TENSORS) {
    const { shape, values } = lab.tensors[name];
    const point = ONE * 2 ** (lab.exponents[name] ?? 0);
    values.forEach((weight, i) => {
      const digits = digitsOf(lab, name, Math.floor(i / shape[1]), i % shape[1]);
      assert.equal(digits.reduce((sum, { sign, power }) => sum + sign * 2 ** power, 0) * point, weight);
      const powers = digits.map(({ power }) => power).filter((power) => power < 0);
      powers.slice(1).forEach((power, n) => assert.ok(power < powers[n] - 1));
    });
  }
});

test("digits a weight are what the training reports, and a few more where one above 1 is added repeatedly", () => {
  for (const [name, expected] of Object.entries(lab.training.digits_per_weight)) {
    const { values } = lab.tensors[name];
    const digits = Array.from(values, (weight) =>
      canonical(weight)
        .map((digit, bit) => [digit, bit])
        .filter(([digit]) => digit),
    );
    assert.ok(Math.abs(digits.flat().length / values.length - expected) < 1e-6, name);
    const point = ONE * 2 ** (lab.exponents[name] ?? 0);
    const adds = digits.flat().reduce((sum, [, bit]) => sum + Math.max(1, 2 ** bit / point), 0);
    assert.equal(
      digitCounts(lab, name).reduce((sum, count, n) => sum + count * n, 0),
      adds,
    );
  }
});
