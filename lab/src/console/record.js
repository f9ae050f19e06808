/**
 * One token as the console logged it: the words, the logits and every intermediate that its kernels keep.
 * @import { Lab, LoggedToken, Mode } from "../types.js"
 */
import { signedWord, word } from "./ram.js";

const size = (/** @type {number[]} */ shape) => shape.reduce((product, length) => product * length, 1);

/**
 * Record `number` of the log. Attention over positions is zero beyond `position`, as in the model's trace.
 * @param {Uint8Array} ram where the log is
 * @param {Lab} lab
 * @param {number} number
 * @param {{mode: Mode, tenths: number}} origin
 * @returns {LoggedToken}
 */
export function record(ram, lab, number, { mode, tenths }) {
  const { bytes, words, entries } = lab.record;
  const raw = ram.slice(lab.host.log + number * bytes, lab.host.log + (number + 1) * bytes);
  const [token, position, next, x, y] = words.map((_, i) => word(raw, 2 * i));
  const values = (/** @type {string} */ name) => {
    const entry = entries[name];
    if (!entry) throw new RangeError(`the cartridge keeps no ${name}`);
    const context = entry.shape[entry.shape.length - 1];
    return Int32Array.from({ length: size(entry.shape) }, (_, i) =>
      entry.over_positions && i % context > position ? 0 : signedWord(raw, entry.offset + 2 * i),
    );
  };
  return { token, position, next, x, y, logits: values("logits"), values, mode, tenths };
}
