/**
 * Numbers that remember where they came from.
 *
 * Every function here takes plain numbers, Values, or both. Of plain numbers alone it makes a plain number, so the
 * same model runs fast without gradients and slowly with them. The Python twin is trainer/model/scalar.py.
 */

export class Value {
  /**
   * @param {number} data
   * @param {Value[]} parents the numbers it was made from
   * @param {number[]} slopes ∂this/∂parent, one for each
   * @param {string} how what made it: "sum", "product" …
   */
  constructor(data, parents = [], slopes = [], how = "given") {
    this.data = data;
    this.parents = parents;
    this.slopes = slopes;
    this.how = how;
    this.grad = 0;
    this.name = "";
  }
}

/** @param {number | Value} value */
export const plain = (value) => (typeof value === "number" ? value : value.data);

/** A result with its parents; those that are plain numbers are left out, and without any it is a plain number. */
function made(how, data, parents, slopes) {
  const kept = parents.map((parent, i) => [parent, slopes[i]]).filter(([parent]) => parent instanceof Value);
  if (!kept.length) return data;
  return new Value(
    data,
    kept.map(([parent]) => parent),
    kept.map(([, slope]) => slope),
    how,
  );
}

export const add = (a, b) => made("sum", plain(a) + plain(b), [a, b], [1, 1]);

export const multiply = (a, b) => made("product", plain(a) * plain(b), [a, b], [plain(b), plain(a)]);

/** a to a constant power. */
export const power = (a, exponent) =>
  made("power", plain(a) ** exponent, [a], [exponent * plain(a) ** (exponent - 1)]);

export const log = (a) => made("logarithm", Math.log(plain(a)), [a], [1 / plain(a)]);

export const relu = (a) => made("gate", Math.max(plain(a), 0), [a], [plain(a) > 0 ? 1 : 0]);

/** The sum of a list. */
export const total = (values) =>
  made(
    "sum",
    values.reduce((sum, value) => sum + plain(value), 0),
    values,
    values.map(() => 1),
  );

/** Σ a_i b_i. */
export function dot(a, b) {
  let sum = 0;
  let tracked = false;
  for (let i = 0; i < a.length; i += 1) {
    sum += plain(a[i]) * plain(b[i]);
    tracked ||= typeof a[i] !== "number" || typeof b[i] !== "number";
  }
  return tracked ? made("sum of products", sum, [...a, ...b], [...b.map(plain), ...a.map(plain)]) : sum;
}

/** Positive numbers that sum to one; ∂p_i/∂s_j = p_i (δ_ij − p_j). */
export function softmax(scores) {
  const largest = Math.max(...scores.map(plain));
  const powers = scores.map((score) => Math.exp(plain(score) - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  const shares = powers.map((value) => value / sum);
  return shares.map((share, i) =>
    made(
      "softmax",
      share,
      scores,
      shares.map((other, j) => share * ((i === j ? 1 : 0) - other)),
    ),
  );
}

/** Every Value that `last` was made from, itself included, each after all of its parents. */
export function ancestry(last) {
  const order = [];
  const seen = new Set();
  const waiting = [[last, false]];
  while (waiting.length) {
    const [value, parentsDone] = waiting.pop();
    if (parentsDone) order.push(value);
    else if (!seen.has(value)) {
      seen.add(value);
      waiting.push([value, true], ...value.parents.map((parent) => [parent, false]));
    }
  }
  return order;
}

/** Set the grad of every ancestor v of `last` to ∂last/∂v. */
export function backward(last) {
  const order = ancestry(last).reverse();
  for (const value of order) value.grad = 0;
  last.grad = 1;
  for (const value of order) pass(value);
  return order;
}

/** Hand a Value's grad on to its parents, times the slope towards each. */
export function pass(value) {
  value.parents.forEach((parent, i) => {
    parent.grad += value.slopes[i] * value.grad;
  });
}
