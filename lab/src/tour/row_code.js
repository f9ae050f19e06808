/**
 * One row of the model as 65816 code: what each line does to the accumulator. The twin of `evaluate` in
 * asm/kernels/row_code.py.
 *
 * @import { Operation } from "../types.js"
 */

const WORD = 0x10000;

const mnemonic = (/** @type {Operation} */ line) => line.text.split(" ", 1)[0];

/**
 * How often the sum is still halved after each line: a digit added there weighs 2^-that.
 * @param {Operation[]} lines
 */
export function halvingsAfter(lines) {
  let left = lines.filter((line) => mnemonic(line) === "lsr").length;
  return lines.map((line) => (mnemonic(line) === "lsr" ? (left -= 1) : left));
}

/**
 * The row's code on given inputs.
 *
 * @param {Operation[]} lines
 * @param {number} bias of every slot
 * @param {number[]} x inputs, Q8.8
 * @returns {{a: number, carry: number}[]} accumulator (16 bits) and carry after each line
 */
export function run(lines, bias, x) {
  let a = 0;
  let carry = 0;
  return lines.map((line) => {
    const value = line.input === undefined ? (line.constant ?? 0) : bias + line.sign * x[line.input];
    const plus = (/** @type {number} */ term) => {
      const sum = a + carry + term;
      [a, carry] = [sum % WORD, Math.floor(sum / WORD)];
    };
    switch (mnemonic(line)) {
      case "clc":
        carry = 0;
        break;
      case "lda":
        a = value;
        break;
      case "lsr":
        [a, carry] = [a >> 1, a & 1];
        break;
      case "adc":
        plus(value);
        break;
      case "sbc":
        plus(value ^ 0xffff);
        break;
    }
    return { a, carry };
  });
}

/** A 16-bit word as a signed number. */
export const signed = (/** @type {number} */ word) => (word >= WORD / 2 ? word - WORD : word);
