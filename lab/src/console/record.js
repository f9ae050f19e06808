// One token as the console logged it: the words, the logits and every intermediate that its kernels keep.
import { signedWord, word } from "./wram.js";

const size = (shape) => shape.reduce((product, length) => product * length, 1);

/**
 * Record `number` of the log. {token, position, next, x, y, logits, values(name), mode, tenths}; values(name) is an
 * Int32Array, or null for a name that the cartridge does not keep; attention over positions is zero beyond `position`,
 * as in the model's trace.
 */
export function record(wram, lab, number, { mode, tenths }) {
  const { bytes, words, entries } = lab.record;
  const raw = wram.slice(lab.host.log + number * bytes, lab.host.log + (number + 1) * bytes);
  const [token, position, next, x, y] = words.map((_, i) => word(raw, 2 * i));
  const values = (name) => {
    const entry = entries[name];
    if (!entry) return null;
    const context = entry.shape.at(-1);
    return Int32Array.from({ length: size(entry.shape) }, (_, i) =>
      entry.over_positions && i % context > position ? 0 : signedWord(raw, entry.offset + 2 * i),
    );
  };
  return { token, position, next, x, y, logits: values("logits"), values, mode, tenths };
}
