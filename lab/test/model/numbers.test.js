/** Rounding at any size, digits of every weight: checked against what defines them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { canonical, planesOfRow, terms } from "../../src/model/digits.js";
import { clip, floorShift, roundDivide, roundShift } from "../../src/model/fixed.js";
import { Tokenizer } from "../../src/model/tokenizer.js";

/** The largest magnitude that fixed.js says a number can have, and numbers around powers of two below it. */
const LARGEST = 2 ** 41;
const magnitudes = [0, 1, 2, 3, 127, 128, 129, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 2 ** 40 + 127, LARGEST - 1, LARGEST];
const numbers = magnitudes.flatMap((n) => [n, -n]);

const floor = (/** @type {bigint} */ n, /** @type {bigint} */ d) => (n - (((n % d) + d) % d)) / d;

test("halves round up at any size, as exact integers do", () => {
  for (const n of numbers) {
    assert.equal(roundShift(n, 0), n);
    for (let bits = 1; bits <= 32; bits++) {
      const [value, unit] = [BigInt(n), 1n << BigInt(bits)];
      assert.equal(BigInt(floorShift(n, bits)), floor(value, unit), `${n} >> ${bits}`);
      assert.equal(BigInt(roundShift(n, bits)), floor(value + unit / 2n, unit), `round ${n} / 2^${bits}`);
    }
    for (const d of [1, 2, 3, 255, 256, 4080, 65280]) {
      assert.equal(BigInt(roundDivide(n, d)), floor(BigInt(n) + BigInt(d >> 1), BigInt(d)), `${n} / ${d}`);
    }
  }
  assert.equal(roundShift(5, -3), 40);
  assert.deepEqual([-9, -8, 0, 7, 8].map((n) => clip(n, -8, 7)), [-8, -8, 0, 7, 7]);
});

test("the digits of every 16-bit weight add up to it, none beside another, in the fewest", () => {
  for (let weight = -32768; weight < 32768; weight++) {
    const digits = canonical(weight);
    assert.equal(digits.length, 17);
    assert.ok(digits.every((digit, n) => [-1, 0, 1].includes(digit) && (digit === 0 || !digits[n + 1])));
    assert.equal(digits.reduce((sum, digit, n) => sum + digit * 2 ** n, 0), weight);
    for (const exponent of [0, 3, 8]) {
      const found = terms(weight, exponent);
      assert.equal(found.reduce((sum, { shift, digit }) => sum + digit / 2 ** shift, 0), weight / 2 ** (8 + exponent));
      assert.ok(found.every(({ shift }, n) => n === 0 || shift < found[n - 1].shift));
    }
  }
});

test("a row's planes hold the digits of its weights, the smallest first", () => {
  assert.deepEqual(planesOfRow([0, 256, -3, 3 * 256, -2]), [
    { shift: 8, inputs: [2], digits: [1] },
    { shift: 7, inputs: [4], digits: [-1] },
    { shift: 6, inputs: [2], digits: [-1] },
    { shift: 0, inputs: [1, 3], digits: [1, 3] },
  ]);
  assert.deepEqual(planesOfRow([0, 0]), []);
});

test("text becomes tokens and comes back; an unknown character is named", () => {
  const tokenizer = new Tokenizer({ symbols: ["a", "b", "é"], merges: [], fold_case: false });
  assert.deepEqual(tokenizer.encode("abe\u0301"), [0, 1, 2]);
  assert.equal(tokenizer.decode([3, 1, 0, 2, 3]), "baé");
  assert.throws(() => tokenizer.encode("aX"), /no symbol for “X”/);
});
