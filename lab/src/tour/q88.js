/** Q8.8: 16-bit integers that count 256ths; the twin of quantize/fixed.py. */

export const ONE = 256;
export const WORD_MIN = -32768;
export const WORD_MAX = 32767;

/** The nearest word, halves up, cut at the ends. */
export const toQ88 = (/** @type {number} */ value) =>
  Math.min(Math.max(Math.floor(value * ONE + 0.5), WORD_MIN), WORD_MAX);

/** The sixteen bits of a word, highest first. */
export const bitsOf = (/** @type {number} */ word) =>
  Array.from({ length: 16 }, (_, i) => (word >> (15 - i)) & 1);

/** The signed word with one bit, 15 the highest, turned over. */
export const flipBit = (/** @type {number} */ word, /** @type {number} */ bit) => ((word ^ (1 << bit)) << 16) >> 16;
