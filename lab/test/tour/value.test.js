/**
 * Numbers that remember: every slope is that of a finite difference.
 * @import { Num } from "../../src/tour/value.js"
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Value,
  add,
  backward,
  dot,
  log,
  multiply,
  plain,
  power,
  relu,
  softmax,
  total,
} from "../../src/tour/value.js";

const STEP = 1e-5;

const close = (/** @type {number} */ a, /** @type {number} */ b, within = 1e-7) =>
  assert.ok(Math.abs(a - b) <= within * (1 + Math.abs(b)), `${a} is not ${b}`);

/**
 * Gradients of f at x by going back, and by central differences on plain numbers.
 * @param {(x: Num[]) => Num} f
 * @param {number[]} x
 */
function compare(f, x) {
  const inputs = x.map((number) => new Value(number));
  const result = f(inputs);
  assert.ok(result instanceof Value);
  assert.equal(result.data, f(x), "the same number with memory and without");
  backward(result);
  x.forEach((_, i) => {
    const at = (/** @type {number} */ by) => plain(f(x.map((number, j) => (i === j ? number + by : number))));
    close(inputs[i].grad, (at(STEP) - at(-STEP)) / (2 * STEP));
  });
}

/** @type {Record<string, (x: Num[]) => Num>} */
const EXPRESSIONS = {
  sum: ([a, b]) => add(a, b),
  product: ([a, b]) => multiply(a, b),
  "a number used twice": ([a, b]) => add(multiply(a, b), multiply(a, a)),
  power: ([a, b]) => multiply(power(a, -0.5), b),
  logarithm: ([a, b]) => multiply(log(a), b),
  "an open gate": ([a, b]) => multiply(relu(a), b),
  "a shut gate": ([a, b]) => add(relu(multiply(a, -1)), b),
  total: ([a, b, c]) => total([a, b, c, a]),
  dot: ([a, b, c]) => dot([a, b, 2], [c, a, b]),
  "dot of one vector with itself": (x) => dot(x, x),
  softmax: (x) => multiply(log(softmax(x)[1]), -1),
  "softmax of a function": ([a, b, c]) => softmax([multiply(a, b), relu(c), 0.3])[0],
};

for (const [name, f] of Object.entries(EXPRESSIONS)) {
  test(`${name}: slopes are those of finite differences`, () => compare(f, [0.7, -1.3, 0.4]));
}

test("plain numbers stay plain: nothing is remembered that nobody asks for", () => {
  for (const f of Object.values(EXPRESSIONS)) assert.equal(typeof f([0.7, -1.3, 0.4]), "number");
});

test("a plain number among parents is left out", () => {
  const a = new Value(2);
  const product = multiply(a, 3);
  assert.deepEqual([product.parents, product.slopes], [[a], [3]]);
});

test("going back twice gives the same gradients", () => {
  const a = new Value(0.5);
  const result = multiply(a, a);
  backward(result);
  backward(result);
  assert.equal(a.grad, 1);
});

test("softmax sums to one and does not overflow", () => {
  const shares = softmax([1000, 999, -1000]);
  close(shares[0] + shares[1] + shares[2], 1, 1e-12);
});
