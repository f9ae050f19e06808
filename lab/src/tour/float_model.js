/**
 * The model in floating point, as the trainer sees it: for loss, backward and Adam.
 *
 * Weights are plain numbers or Values (value.js), in any mixture. The integer model is src/model.
 * @import { Lab, ModelConfig, Weights } from "../types.js"
 * @import { Num } from "./value.js"
 */

import { add, dot, log, multiply, plain, power, relu, softmax, total } from "./value.js";

const EPSILON = 1e-5;

/**
 * name → rows of numbers, from the flat lists of lab.weights.
 * @param {Lab} lab
 * @returns {Weights}
 */
export function floatWeights(lab) {
  return Object.fromEntries(
    Object.entries(lab.weights).map(([name, { shape, values }]) => {
      const [rows, columns] = shape;
      return [name, Array.from({ length: rows }, (_, r) => [...values.subarray(r * columns, (r + 1) * columns)])];
    }),
  );
}

const linear = (/** @type {Num[][]} */ weights, /** @type {Num[]} */ x) => weights.map((row) => dot(row, x));
const sum = (/** @type {Num[]} */ a, /** @type {Num[]} */ b) => a.map((value, i) => add(value, b[i]));

/**
 * x / √(mean(x²) + ε).
 * @template {Num} N
 * @param {N[]} x
 */
export function rmsnorm(x) {
  const factor = power(add(multiply(dot(x, x), 1 / x.length), EPSILON), -0.5);
  return /** @type {N[]} */ (x.map((value) => multiply(value, factor)));
}

/**
 * What each head hears: (d,) from a query (d,) and all keys and values so far, (T, d) each.
 * @param {Num[]} query
 * @param {Num[][]} keys
 * @param {Num[][]} values
 * @param {number} heads
 */
function attention(query, keys, values, heads) {
  const width = query.length / heads;
  return Array.from({ length: heads }, (_, head) => {
    const part = (/** @type {Num[]} */ vector) => vector.slice(head * width, (head + 1) * width);
    const shares = softmax(keys.map((key) => multiply(dot(part(query), part(key)), width ** -0.5)));
    return part(query).map((_, i) =>
      dot(
        shares,
        values.map((value) => part(value)[i]),
      ),
    );
  }).flat();
}

/**
 * leaveOut: halves of a layer that add nothing; note: told of every intermediate.
 * @template {Num} N
 * @typedef {{leaveOut?: ("attention" | "mlp")[], note?: (name: string, values: N[], position: number) => void}} Options
 */

/**
 * Logits of every position of a token sequence.
 *
 * @template {Num} N
 * @param {Weights<N>} weights
 * @param {ModelConfig} config
 * @param {number[]} tokens
 * @param {Options<N>} options
 */
export function logits(weights, config, tokens, { leaveOut = [], note = () => {} } = {}) {
  const perLayer = () => Array.from({ length: config.n_layer }, () => /** @type {Num[][]} */ ([]));
  const [keys, values] = [perLayer(), perLayer()];
  const scores = tokens.slice(0, config.block_size).map((token, position) => {
    const tell = (/** @type {string} */ name, /** @type {Num[]} */ vector) => {
      note(name, /** @type {N[]} */ (vector), position);
      return vector;
    };
    let x = tell("embedding", sum(weights.wte[token], weights.wpe[position]));
    x = tell("normed embedding", rmsnorm(x));
    for (let layer = 0; layer < config.n_layer; layer += 1) {
      const w = (/** @type {string} */ name) => weights[`layer${layer}.${name}`];
      const normed = tell("attention input", rmsnorm(x));
      keys[layer].push(tell("key", linear(w("wk"), normed)));
      values[layer].push(tell("value", linear(w("wv"), normed)));
      const query = tell("query", linear(w("wq"), normed));
      if (!leaveOut.includes("attention")) {
        const heard = tell("heard", attention(query, keys[layer], values[layer], config.n_head));
        x = tell("stream after attention", sum(x, tell("attention output", linear(w("wo"), heard))));
      }
      if (!leaveOut.includes("mlp")) {
        const before = tell("hidden before the gate", linear(w("fc1"), tell("MLP input", rmsnorm(x))));
        const hidden = tell(
          "hidden",
          before.map((value) => activate(value, config.activation)),
        );
        x = tell("stream after the MLP", sum(x, tell("MLP output", linear(w("fc2"), hidden))));
      }
    }
    return tell("score", linear(weights.lm_head, x));
  });
  return /** @type {N[][]} */ (scores);
}

/**
 * @param {Num} value
 * @param {ModelConfig["activation"]} activation
 */
function activate(value, activation) {
  const open = relu(value);
  return activation === "relu2" ? multiply(open, open) : open;
}

/**
 * −ln p of each true next token of BOS c1 … cn BOS, as far as the context reaches.
 * @template {Num} N
 * @param {Weights<N>} weights
 * @param {ModelConfig} config
 * @param {number[]} document
 * @param {Options<N>} [options]
 */
export function losses(weights, config, document, options) {
  return logits(weights, config, document.slice(0, -1), options).map((scores, position) => {
    const target = document[position + 1];
    return /** @type {N} */ (multiply(log(softmax(scores)[target]), -1));
  });
}

/**
 * Mean nats per predicted token over documents.
 * @template {Num} N
 * @param {Weights<N>} weights
 * @param {ModelConfig} config
 * @param {number[][]} documents
 * @param {Options<N>} [options]
 */
export function loss(weights, config, documents, options) {
  const all = documents.flatMap((document) => losses(weights, config, document, options));
  return /** @type {N} */ (multiply(total(all), 1 / all.length));
}

/** Probabilities of plain scores. */
export const probabilities = (/** @type {Num[]} */ scores) => softmax(scores.map((score) => plain(score)));
