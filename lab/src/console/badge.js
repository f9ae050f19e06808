/**
 * The badge: what the console logged, compared with what the page's own integer model computes, number by number.
 * @import { Lab, LoggedToken, Model, Request, Stream, Token } from "../types.js"
 */

/**
 * The model's own version of a token; next, x and y where they follow from a request.
 * @typedef {Omit<Token, "next" | "x" | "y"> & Partial<Token>} Twin
 */

/** @type {("token" | "position" | "next" | "x" | "y")[]} */
const WORDS = ["token", "position", "next", "x", "y"];

/** Compares records with a model, token by token. A request's are predicted from seed and prompt alone. */
export class Comparison {
  #model;
  #names;
  /** @type {Iterator<Token> | null} the model's run of the request */
  #expected = null;
  /** @type {Stream | null} the model's document, where a person plays */
  #stream = null;
  /** @type {(number | undefined)[]} tokens by position in it */
  #seen = [];

  compared = 0;
  equal = 0;
  numbers = 0;
  /** @type {string | null} the first difference, as a sentence */
  difference = null;

  /**
   * @param {Model} model
   * @param {Lab} lab
   */
  constructor(model, lab) {
    this.#model = model;
    this.#names = Object.keys(lab.record.entries);
  }

  /**
   * The records that follow answer this request, or come from a person's play if it is null.
   * @param {Request | null} request
   */
  begin(request) {
    this.#expected = request && this.#model.run(request);
    this.#stream = null;
    this.#seen = [];
  }

  /**
   * The model's version of a token that was logged; null where it began before we looked.
   * @param {LoggedToken} record
   * @returns {Twin | null}
   */
  add(record) {
    const twin = this.#expected ? (this.#expected.next().value ?? null) : this.#follow(record);
    if (!twin) return null;
    this.compared += 1;
    const found = this.#firstDifference(record, twin);
    if (!found) this.equal += 1;
    else this.difference ??= `token ${this.compared}, ${found}`;
    return twin;
  }

  /**
   * The model's step for the token that the console read; null where it began before we looked.
   * @param {LoggedToken} record
   * @returns {Twin | null}
   */
  #follow({ token, position }) {
    this.#seen[position] = token;
    let stream = this.#stream;
    if (stream?.position !== position) {
      const before = Array.from(this.#seen.slice(0, position)).filter((earlier) => earlier !== undefined);
      if (before.length < position) return null;
      this.#stream = stream = this.#model.start();
      for (const earlier of before) this.#model.step(stream, earlier);
    }
    return { token, position, ...this.#model.step(stream, token) };
  }

  /**
   * @param {LoggedToken} record
   * @param {Twin} twin
   */
  #firstDifference(record, twin) {
    for (const name of WORDS) {
      if (!(name in twin)) continue;
      this.numbers += 1;
      if (record[name] !== twin[name]) return `${name}: console ${record[name]}, model ${twin[name]}`;
    }
    for (const name of this.#names) {
      const [found, wanted] = [record.values(name), twin.trace[name]];
      this.numbers += found.length;
      const at = found.findIndex((value, i) => value !== wanted[i]);
      if (at >= 0) return `${name}[${at}]: console ${found[at]}, model ${wanted[at]}`;
    }
    return null;
  }
}

/**
 * Shows a comparison in `element`.
 * @param {HTMLElement} element
 * @param {Comparison} comparison
 */
export function showBadge(element, { compared, equal, numbers, difference }) {
  element.dataset.state = difference ? "different" : compared ? "equal" : "waiting";
  element.dataset.compared = String(compared);
  element.dataset.equal = String(equal);
  const count = (/** @type {number} */ value) => value.toLocaleString("en");
  if (!compared) element.textContent = "Waiting for the first token to compare…";
  else if (difference) element.textContent = `${count(equal)} of ${count(compared)} tokens equal; first difference: ${difference}`;
  else element.textContent = `✓ ${count(equal)} of ${count(compared)} tokens equal, in all their ${count(numbers)} numbers`;
}
