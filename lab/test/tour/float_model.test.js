/** The float model: its loss is the integer model's within what the project allows, its gradients are slopes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext, forward } from "../../src/tour/context.js";
import { floatWeights, logits, loss, losses, rmsnorm } from "../../src/tour/float_model.js";
import { lossGraph, nudgedSlope, parentsOf } from "../../src/tour/steps/backward.js";
import { slice } from "../../src/tour/steps/adam.js";
import { ONE } from "../../src/tour/q88.js";
import { plain } from "../../src/tour/value.js";
import { documentOf, lab, model } from "./page_data.js";

const weights = floatWeights(lab);
const context = createContext({ lab, model });

/**
 * −ln p of the true next tokens, of the integer model.
 * @param {number[]} document
 */
function integerLosses(document) {
  return forward(model, document.slice(0, -1)).map(({ logits: words }, position) => {
    const scores = Array.from(words, (word) => (word * 2 ** lab.logit_exponent) / ONE);
    const largest = Math.max(...scores);
    const sum = scores.reduce((total, score) => total + Math.exp(score - largest), 0);
    return Math.log(sum) + largest - scores[document[position + 1]];
  });
}

test("over the training names of the page the mean loss is within 0.005 of the integer model's", () => {
  const documents = lab.documents.map((text) => documentOf(text).slice(0, lab.config.block_size + 1));
  const integers = documents.flatMap(integerLosses);
  const mean = integers.reduce((a, b) => a + b, 0) / integers.length;
  const found = loss(weights, lab.config, documents);
  assert.ok(Math.abs(found - mean) < 0.005, `${found} and ${mean}`);
});

test("a trained model is far better than knowing nothing", () => {
  assert.ok(loss(weights, lab.config, lab.documents.map(documentOf)) < 0.8 * Math.log(lab.config.vocab_size));
});

test("a document longer than the context is cut to it", () => {
  const long = documentOf("a".repeat(2 * lab.config.block_size));
  assert.equal(losses(weights, lab.config, long).length, lab.config.block_size);
});

test("rmsnorm leaves a mean square of one", () => {
  const y = rmsnorm([3, -4, 12, 0.5]);
  const square = y.reduce((sum, value) => sum + value * value, 0) / y.length;
  assert.ok(Math.abs(square - 1) < 1e-5);
});

test("a part left out adds nothing; both left out leave the embedding alone", () => {
  const tokens = documentOf(lab.documents[0]).slice(0, -1);
  const whole = logits(weights, lab.config, tokens).at(-1);
  /** @type {("attention" | "mlp")[]} */
  const halves = ["attention", "mlp"];
  for (const half of halves) {
    assert.notDeepEqual(logits(weights, lab.config, tokens, { leaveOut: [half] }).at(-1), whole);
  }
  const alone = logits(weights, lab.config, tokens, { leaveOut: halves }).at(-1);
  const x = rmsnorm(weights.wte[tokens[tokens.length - 1]].map((value, i) => value + weights.wpe[tokens.length - 1][i]));
  assert.deepEqual(
    alone,
    weights.lm_head.map((row) => row.reduce((sum, w, i) => sum + w * x[i], 0)),
  );
});

test("the graph of a word's loss: the same loss, every number named, gradients as finite differences have them", () => {
  const graph = lossGraph(context);
  assert.equal(graph.loss.data, plain(lossGraph(context).loss));
  assert.ok(Math.abs(graph.loss.data - loss(weights, lab.config, [context.document])) < 1e-12);
  for (const [tensor, rows] of Object.entries(graph.values)) {
    const all = rows.flat();
    const steepest = all.reduce((best, value) => (Math.abs(value.grad) > Math.abs(best.grad) ? value : best));
    const slope = nudgedSlope(context, graph, steepest);
    assert.ok(steepest.grad !== 0, `${tensor} has a gradient`);
    assert.ok(
      Math.abs(steepest.grad - slope) < 1e-4 * (1 + Math.abs(slope)),
      `${steepest.name}: ${steepest.grad}, ${slope}`,
    );
  }
});

test("from the loss every path of parents ends at a weight", () => {
  let value = lossGraph(context).loss;
  while (value.parents.length) {
    assert.ok(value.name);
    [{ parent: value }] = parentsOf(value);
  }
  assert.match(value.name, /^[\w.]+\[\d+, \d+\]$/);
});

test("a slice of the loss: at the trained weight it is the loss, and its gradient is its slope", () => {
  const documents = lab.documents.slice(0, 6).map(documentOf);
  for (const tensor of ["lm_head", "layer0.fc1", "wte"]) {
    const one = slice(context, tensor);
    assert.equal(one.loss(one.trained), loss(weights, lab.config, documents));
    const value = one.trained - 0.7;
    const slope = (one.loss(value + 1e-5) - one.loss(value - 1e-5)) / 2e-5;
    assert.ok(Math.abs(one.gradient(value) - slope) < 1e-6, one.name);
  }
});
