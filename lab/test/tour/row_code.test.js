/** The row's code, run line by line, leaves the model's own logit, and each add is the digit it is said to be. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext } from "../../src/tour/context.js";
import { ONE } from "../../src/tour/q88.js";
import { halvingsAfter, run, signed } from "../../src/tour/row_code.js";
import { rowInput, worthOf } from "../../src/tour/steps/row.js";
import { lab, model } from "./page_data.js";

assert.ok(lab.row, "the page's model has rows as code");
const { row } = lab;

test("at every position of every training name of the page", () => {
  const context = createContext({ lab, model });
  let compared = 0;
  for (const text of lab.documents) {
    context.setWord(text);
    for (let position = 0; position < context.tokens.length; position += 1) {
      context.setPosition(position);
      const after = run(row.lines, row.bias, rowInput(context));
      assert.equal(signed(after[after.length - 1].a), context.pass[position].logits[row.row], `${text}, place ${position}`);
      compared += 1;
    }
  }
  assert.ok(compared > lab.documents.length);
});

test("the digits of the lines are the row's weights", () => {
  const after = halvingsAfter(row.lines);
  const sums = row.weights.map(() => 0);
  row.lines.forEach((line, i) => {
    if (line.input !== undefined) sums[line.input] += line.sign * 2 ** -after[i];
  });
  assert.deepEqual(
    sums.map((sum) => sum * ONE * 2 ** row.exponent),
    row.weights,
  );
});

test("only what reads an input is a digit", () => {
  assert.equal(worthOf({ text: "lsr a" }, 2), "");
  assert.equal(worthOf({ text: "adc <MINUS + 6", input: 3, sign: -1 }, 2), "−1/4 of x[3]");
  assert.equal(worthOf({ text: "adc <PLUS + 0", input: 0, sign: 1 }, 0), "+1 of x[0]");
});

test("part of the bias taken off on the way: sbc with the carry clear", () => {
  const lines = [
    { text: "lda <PLUS + 0", input: 0, sign: 1 },
    { text: "clc" },
    { text: "sbc #$00FF", constant: 255 },
  ];
  assert.equal(run(lines, 1024, [7])[2].a, 1024 + 7 - 256);
});
