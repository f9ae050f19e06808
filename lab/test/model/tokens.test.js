/**
 * Every token of every golden model, and every intermediate on the way to it, is Python's.
 * @import { Token } from "../../src/types.js"
 * @import { GoldenToken } from "./golden.js"
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createModel } from "../../src/model/index.js";
import { KERNELS, stepOf } from "../../src/model/kernels/index.js";
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

  if (data.goes_on) continue; // its windows begin with a prompt of their own: not every token is drawn
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

test("every kernel is met by some model, in parts and in sections too", () => {
  const kernels = goldenModels().flatMap(([, { model }]) => model.program);
  assert.deepEqual(new Set(kernels.map(({ kernel }) => kernel)), new Set(Object.keys(KERNELS)));
  assert.ok(kernels.some((kernel) => kernel.kernel === "DigitRows" && kernel.sections > 1));
  for (const field of ["out_shift", "clamp", "clamp_shift", "source_shift", "doublings", "unbiased"]) {
    assert.ok(kernels.some((kernel) => Object.entries(kernel).some(([name, value]) => name === field && value)), field);
  }
});

test("a gate of a part of the hidden units leaves those before as they are", () => {
  const name = "a gate";
  const model = goldenModels().flatMap(([, golden]) => golden.model).find(({ tables }) => Object.keys(tables.silu).length);
  const gate = model?.program.find((kernel) => kernel.kernel === "SiluGate");
  assert.ok(model && gate?.kernel === "SiluGate");
  const run = (/** @type {[number, number] | null} */ part, /** @type {number[]} */ hidden) => {
    const x = Int32Array.from({ length: 6 }, (_, n) => 300 * n - 500);
    const { gate: gates, up, out } = gate.block;
    const state = { token: 0, position: 0, last: [0], rows: [], buffers: { [gates]: x, [up]: x, [out]: Int32Array.from(hidden) }, caches: {}, trace: {} };
    stepOf({ ...gate, block: { ...gate.block, name, part } }, model)(state);
    return /** @type {{buffers: Record<string, Int32Array>, trace: Record<string, Int32Array>}} */ (state);
  };
  const { out } = gate.block;
  const whole = [...run(null, []).buffers[out]];
  const second = run([2, 5], [7, 8]);
  assert.deepEqual([...second.buffers[out]], [7, 8, ...whole.slice(2, 5)]);
  assert.deepEqual([...second.trace[name]], whole.slice(2, 5));
});

test("a kernel that is not known is refused by name", () => {
  const [[, { model: data }]] = goldenModels();
  const [first, ...others] = data.program;
  const program = [Object.assign({ ...first }, { kernel: "Abacus" }), ...others];
  assert.throws(() => createModel({ ...data, program }), /unknown kernel Abacus of embed/);
});
