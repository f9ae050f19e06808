/**
 * Numbers that remember where they came from.
 *
 * Every function here takes plain numbers, Values, or both. Of plain numbers alone it makes a plain number, so the
 * same model runs fast without gradients and slowly with them. The Python twin is trainer/model/scalar.py.
 */

/** @typedef {number | Value} Num */

/**
 * A function of one number: plain of a plain one.
 * @typedef {{(a: number): number, (a: Value): Value, (a: Num): Num}} Unary
 */

/**
 * A function of two numbers: plain of plain ones.
 * @typedef {{
 *   (a: number, b: number): number,
 *   (a: Value, b: Num): Value,
 *   (a: Num, b: Value): Value,
 *   (a: Num, b: Num): Num,
 * }} Binary
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

export const plain = (/** @type {Num} */ value) => (typeof value === "number" ? value : value.data);

/**
 * A result with its parents; those that are plain numbers are left out, and without any it is a plain number.
 * @param {string} how
 * @param {number} data
 * @param {Num[]} parents
 * @param {number[]} slopes
 * @returns {any} which of both, the signatures of the functions below say
 */
function made(how, data, parents, slopes) {
  /** @type {Value[]} */
  const kept = [];
  const towards = parents.flatMap((parent, i) => {
    if (typeof parent === "number") return [];
    kept.push(parent);
    return [slopes[i]];
  });
  return kept.length ? new Value(data, kept, towards, how) : data;
}

/** @type {Binary} */
export const add = (/** @type {Num} */ a, /** @type {Num} */ b) => made("sum", plain(a) + plain(b), [a, b], [1, 1]);

/** @type {Binary} */
export const multiply = (/** @type {Num} */ a, /** @type {Num} */ b) =>
  made("product", plain(a) * plain(b), [a, b], [plain(b), plain(a)]);

/**
 * a to a constant power.
 * @type {{(a: number, exponent: number): number, (a: Value, exponent: number): Value, (a: Num, exponent: number): Num}}
 */
export const power = (/** @type {Num} */ a, /** @type {number} */ exponent) =>
  made("power", plain(a) ** exponent, [a], [exponent * plain(a) ** (exponent - 1)]);

/** @type {Unary} */
export const log = (/** @type {Num} */ a) => made("logarithm", Math.log(plain(a)), [a], [1 / plain(a)]);

/** @type {Unary} */
export const relu = (/** @type {Num} */ a) => made("gate", Math.max(plain(a), 0), [a], [plain(a) > 0 ? 1 : 0]);

/**
 * The sum of a list.
 * @template {Num} N
 * @param {N[]} values
 * @returns {N}
 */
export const total = (values) =>
  made(
    "sum",
    values.reduce((sum, value) => sum + plain(value), /** @type {number} */ (0)),
    values,
    values.map(() => 1),
  );

/**
 * Σ a_i b_i.
 * @type {{(a: number[], b: number[]): number, (a: Value[], b: Num[]): Value, (a: Num[], b: Num[]): Num}}
 */
export const dot = (/** @type {Num[]} */ a, /** @type {Num[]} */ b) => {
  let sum = 0;
  let tracked = false;
  for (let i = 0; i < a.length; i += 1) {
    sum += plain(a[i]) * plain(b[i]);
    tracked ||= typeof a[i] !== "number" || typeof b[i] !== "number";
  }
  return tracked ? made("sum of products", sum, [...a, ...b], [...b.map(plain), ...a.map(plain)]) : sum;
};

/**
 * Positive numbers that sum to one; ∂p_i/∂s_j = p_i (δ_ij − p_j).
 * @template {Num} N
 * @param {N[]} scores
 * @returns {N[]}
 */
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

/**
 * Every Value that `last` was made from, itself included, each after all of its parents.
 * @param {Value} last
 */
export function ancestry(last) {
  /** @type {Value[]} */
  const order = [];
  /** @type {Set<Value>} */
  const seen = new Set();
  const waiting = [{ value: last, parentsDone: false }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, parentsDone } = next;
    if (parentsDone) order.push(value);
    else if (!seen.has(value)) {
      seen.add(value);
      waiting.push({ value, parentsDone: true });
      waiting.push(...value.parents.map((parent) => ({ value: parent, parentsDone: false })));
    }
  }
  return order;
}

/**
 * Set the grad of every ancestor v of `last` to ∂last/∂v.
 * @param {Value} last
 */
export function backward(last) {
  const order = ancestry(last).reverse();
  for (const value of order) value.grad = 0;
  last.grad = 1;
  for (const value of order) pass(value);
  return order;
}

/**
 * Hand a Value's grad on to its parents, times the slope towards each.
 * @param {Value} value
 */
export function pass(value) {
  value.parents.forEach((parent, i) => {
    parent.grad += value.slopes[i] * value.grad;
  });
}
