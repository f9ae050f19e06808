/** Every token of every golden file, and every intermediate, is Python's. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { createModel } from "../../src/model/index.js";

const folder = process.env.LAB_GOLDEN ?? new URL("../../../build/lab-golden/", import.meta.url).pathname;
for (const file of readdirSync(folder).filter((f)=>f.endsWith('.json'))) {
  const golden = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
  const model = createModel(golden.model);
  for (const { tokens, ...request } of golden.requests) {
    test(`${file}: seed ${request.seed}, T ${request.tenths / 10}`, () => {
      const found = [...model.run(request)];
      assert.equal(found.length, tokens.length);
      found.forEach((token, n) => {
        for (const [name, values] of Object.entries(tokens[n].trace)) {
          assert.deepEqual([...token.trace[name]], values, `token ${n}: ${name}`);
        }
        const plain = ({ trace, logits, ...rest }) => ({ ...rest, logits: [...logits] });
        assert.deepEqual(plain(token), plain(tokens[n]), `token ${n}`);
      });
    });
  }
}
