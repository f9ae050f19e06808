/**
 * Text as tokens: the twin of trainer/text/tokenizer.py, and of trainer/text/sentencepiece.py.
 * @import { Alphabet } from "../types.js"
 */

const WORDS = / ?[^ \n]{1,100}|[ \n]/g;

export class Tokenizer {
  /** @param {Alphabet} alphabet */
  constructor({ symbols, merges, pieces, fold_case: foldCase }) {
    this.symbols = symbols;
    this.numbers = new Map(symbols.map((symbol, number) => [symbol, number]));
    this.ranks = new Map(merges.map(([left, right], rank) => [`${left}\0${right}`, rank]));
    this.pieces = pieces?.length ? new Pieces(pieces) : null;
    this.foldCase = foldCase;
  }

  /**
   * The tokens of a text, without BOS. Throws for a character the model does not know.
   * @param {string} text
   */
  encode(text) {
    const composed = text.normalize("NFC");
    const clean = this.foldCase ? composed.toLowerCase() : composed;
    if (this.pieces) return this.pieces.encode(clean);
    const parts = this.ranks.size ? (clean.match(WORDS) ?? []).flatMap((word) => this.#merged(word)) : [...clean];
    return parts.map((part) => {
      const token = this.numbers.get(part);
      if (token === undefined) throw new RangeError(`the model has no symbol for “${part}”`);
      return token;
    });
  }

  /**
   * The text of tokens; BOS is silent, and so is the space before pieces.
   * @param {Iterable<number>} tokens
   */
  decode(tokens) {
    const text = Array.from(tokens, (token) => this.symbols[token] ?? "").join("");
    return this.pieces ? text.replace(/^ /, "") : text;
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

/** The lowest score of pieces that are joined is above this. */
const MIN_SCORE = -1e10;

/** A vocabulary of a Llama: of two neighbours that together are a piece, the best pair is joined. */
class Pieces {
  /** @param {NonNullable<Alphabet["pieces"]>} pieces texts, a character for each byte, and scores */
  constructor(pieces) {
    this.pieces = pieces;
    this.numbers = new Map(pieces.map(([text], number) => [text, number]));
  }

  /**
   * A space, then the text's characters, or their bytes where they are no piece, joined.
   * @param {string} text
   */
  encode(text) {
    if (!text) return [];
    const tokens = [this.#token(" ", " "), ...[...text].flatMap((character) => this.#ofCharacter(character))];
    for (;;) {
      const best = this.#bestPair(tokens);
      if (!best) return tokens;
      tokens.splice(best.at, 2, best.whole);
    }
  }

  /** @param {string} character */
  #ofCharacter(character) {
    const bytes = [...new TextEncoder().encode(character)];
    const whole = this.numbers.get(String.fromCharCode(...bytes));
    if (whole !== undefined) return [whole];
    const named = (/** @type {number} */ byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    return bytes.map((byte) => this.#token(named(byte), character));
  }

  /**
   * @param {string} piece
   * @param {string} character
   */
  #token(piece, character) {
    const token = this.numbers.get(piece);
    if (token === undefined) throw new RangeError(`the model has no symbol for “${character}”`);
    return token;
  }

  /**
   * The neighbours that join to the piece of the best score, the first of equals, or null.
   * @param {number[]} tokens
   */
  #bestPair(tokens) {
    let [best, score] = [/** @type {{at: number, whole: number} | null} */ (null), MIN_SCORE];
    for (let at = 0; at + 1 < tokens.length; at++) {
      const whole = this.numbers.get(this.pieces[tokens[at]][0] + this.pieces[tokens[at + 1]][0]);
      if (whole === undefined || this.pieces[whole][1] <= score) continue;
      [best, score] = [{ at, whole }, this.pieces[whole][1]];
    }
    return best;
  }
}
