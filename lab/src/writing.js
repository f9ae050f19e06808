/**
 * What was written: the document in progress, letter by letter, and the ones before; or a text that goes on.
 * @import { Lab, LoggedToken } from "./types.js"
 */

const KEPT = 24;

/** Letters of a text that goes on and on. */
const LONGEST = 4000;

/** @typedef {{text: string, given: boolean}} Piece */

const asText = (/** @type {Piece[]} */ parts) => parts.map(({ text }) => text).join("");

export class Writing {
  #lab;
  #given;
  /** @type {Piece[]} by position in the window */
  #letters = [];
  /** @type {Piece[]} of a text that goes on: what earlier windows wrote */
  #before = [];
  #again = 0; // positions whose tokens an earlier window wrote
  #full = false; // the window before ended because its context did

  /** @type {number[]} the window's tokens */
  read = [];
  /** @type {string[]} finished documents, the newest first */
  finished = [];
  /** Windows that ended. */
  windows = 0;
  /** Whether the document in progress has ended. */
  ended = false;

  /**
   * @param {Lab} lab
   * @param {(token: LoggedToken) => boolean} given whether the prompt gives it
   */
  constructor(lab, given) {
    this.#lab = lab;
    this.#given = given;
  }

  /** The document in progress. */
  get pieces() {
    return [...this.#before, ...this.#letters.slice(this.#again)].filter(Boolean);
  }

  /** Whether the document in progress is the newest of the finished ones. */
  get closed() {
    return this.ended || (this.#full && !this.#lab.goes_on);
  }

  /** A window begins: with the second half of the one before, or with nothing. */
  #begin() {
    const { goes_on: goesOn, config } = this.#lab;
    this.#before = goesOn && this.#full ? this.pieces : [];
    while (asText(this.#before).length > LONGEST) this.#before.shift();
    this.#again = this.#before.length ? Math.floor(config.block_size / 2) : 0;
    [this.#letters, this.read, this.#full] = [[], [], false];
  }

  /** @param {LoggedToken} record */
  add(record) {
    const { symbols, config, pieces } = this.#lab;
    if (record.position === 0) this.#begin();
    this.#letters.length = Math.min(this.#letters.length, record.position);
    this.read.length = Math.min(this.read.length, record.position);
    this.read.push(record.token);
    this.ended = record.next === config.bos;
    const text = symbols[record.next] ?? "";
    const shown = pieces?.length && record.position === 0 ? text.replace(/^ /, "") : text;
    if (!this.ended) this.#letters[record.position] = { text: shown, given: this.#given(record) };
    this.#full = !this.ended && record.position === config.block_size - 1;
    if (this.ended || this.#full) this.windows += 1;
    if (this.closed) this.finished = [asText(this.pieces), ...this.finished].slice(0, KEPT);
  }

  clear() {
    [this.#letters, this.#before, this.read, this.finished] = [[], [], [], []];
    [this.#again, this.#full, this.windows, this.ended] = [0, false, 0, false];
  }
}

/**
 * A text as elements; what a prompt gave is marked.
 * @param {Piece[]} pieces
 */
export function spansOf(pieces) {
  return pieces.map(({ text, given }) => Object.assign(document.createElement("span"), { textContent: text, className: given ? "given" : "" }));
}

/** The sign behind a document that has ended. */
export const end = () => Object.assign(document.createElement("span"), { className: "end", textContent: "■" });
