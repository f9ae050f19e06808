/**
 * Text as tokens: the twin of trainer/text/tokenizer.py.
 * @import { Alphabet } from "../types.js"
 */

const WORDS = / ?[^ \n]{1,100}|[ \n]/g;

export class Tokenizer {
  /** @param {Alphabet} alphabet */
  constructor({ symbols, merges, fold_case: foldCase }) {
    this.symbols = symbols;
    this.numbers = new Map(symbols.map((symbol, number) => [symbol, number]));
    this.ranks = new Map(merges.map(([left, right], rank) => [`${left}\0${right}`, rank]));
    this.foldCase = foldCase;
  }

  /**
   * The tokens of a text, without BOS. Throws for a character the model does not know.
   * @param {string} text
   */
  encode(text) {
    const composed = text.normalize("NFC");
    const clean = this.foldCase ? composed.toLowerCase() : composed;
    const parts = this.ranks.size ? (clean.match(WORDS) ?? []).flatMap((word) => this.#merged(word)) : [...clean];
    return parts.map((part) => {
      const token = this.numbers.get(part);
      if (token === undefined) throw new RangeError(`the model has no symbol for “${part}”`);
      return token;
    });
  }

  /**
   * The text of tokens; BOS is silent.
   * @param {Iterable<number>} tokens
   */
  decode(tokens) {
    return Array.from(tokens, (token) => this.symbols[token] ?? "").join("");
  }

  /**
   * A word's tokens: of all neighbours the pair merged first, as long as there is one.
   * @param {string} word
   */
  #merged(word) {
    const parts = [...word];
    while (parts.length > 1) {
      const ranks = parts.slice(1).map((part, n) => this.ranks.get(`${parts[n]}\0${part}`) ?? Infinity);
      const lowest = Math.min(...ranks);
      if (lowest === Infinity) break;
      const at = ranks.indexOf(lowest);
      parts.splice(at, 2, parts[at] + parts[at + 1]);
    }
    return parts;
  }
}
