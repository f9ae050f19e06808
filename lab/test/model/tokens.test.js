/**
 * Every token of every golden model, and every intermediate on the way to it, is Python's.
 * @import { Token } from "../../src/types.js"
 * @import { GoldenToken } from "./golden.js"
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createModel } from "../../src/model/index.js";
import { goldenModels } from "./golden.js";

const plain = (/** @type {Token | GoldenToken} */ { trace, logits, ...numbers }) =>
  ({ ...numbers, logits: [...logits] });

for (const [name, { model: data, requests }] of goldenModels()) {
  const model = createModel(data);
  for (const { tokens, ...request } of requests) {
    test(`${name}: seed ${request.seed}, T ${request.tenths / 10}`, () => {
      const found = [...model.run(request)];
      found.slice(0, tokens.length).forEach((token, n) => {
        assert.deepEqual(Object.keys(token.trace).sort(), Object.keys(tokens[n].trace).sort());
        for (const [stage, values] of Object.entries(tokens[n].trace)) {
          assert.deepEqual([...token.trace[stage]], values, `token ${n}: ${stage}`);
        }
        assert.deepEqual(plain(token), plain(tokens[n]), `token ${n}`);
      });
      assert.equal(found.length, tokens.length);
    });
  }

  if (data.running) continue; // its windows begin with a prompt of their own: not every token is drawn
  test(`${name}: the distribution is the one the tokens were drawn from`, () => {
    for (const { tenths, prompt, tokens } of requests) {
      for (const { position, y, next, logits } of tokens.filter((token) => token.position >= prompt.length)) {
        const candidates = Int32Array.from(position === 0 ? logits.slice(0, model.bos) : logits);
        const { weights, total } = model.probabilities(candidates, tenths);
        const below = weights.slice(0, next).reduce((sum, weight) => sum + weight, 0);
        const draw = Math.floor((y * total) / 65536);
        assert.ok(below <= draw && draw < below + weights[next], `${draw} does not pick ${next}`);
        if (tenths === 0) assert.equal(total, weights[next]);
        assert.equal(model.choose(candidates, tenths, y), next);
      }
    }
  });
}

test("a full context and an unknown token are refused", () => {
  const [[, { model: data }]] = goldenModels();
  const model = createModel(data);
  const stream = model.start();
  assert.throws(() => model.step(stream, data.config.vocab_size), /there is no token/);
  for (let position = 0; position < data.config.block_size; position++) model.step(stream, 0);
  assert.throws(() => model.step(stream, 0), /the context is full/);
});

test("a kernel that is not known is refused by name", () => {
  const [[, { model: data }]] = goldenModels();
  const kernels = { ...data.kernels, lm_head: "abacus" };
  assert.throws(() => createModel({ ...data, kernels }), /unknown kernel abacus of logits/);
  assert.throws(() => createModel({ ...data, kernels: {} }), /unknown kernel/);
});

test("a kernel's missing number is named", () => {
  const found = goldenModels().find(([, { model }]) => model.kernels["layer0.attention"] === "ppu");
  assert.ok(found);
  const [, { model: data }] = found;
  assert.throws(() => createModel({ ...data, parameters: {} }), /the model has no \w+/);
});
