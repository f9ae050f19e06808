/**
 * What was written: the name in progress, letter by letter, and the ones before.
 * @import { Lab, LoggedToken } from "../types.js"
 */

import { find } from "../dom.js";

const KEPT = 12;

/**
 * @param {Lab} lab
 * @param {(token: LoggedToken) => boolean} given whether the prompt gives it
 */
export function textFigure({ symbols, config }, given) {
  const element = document.createElement("div");
  element.className = "written";
  element.innerHTML = `
    <p class="current"></p>
    <p class="tokens"></p>
    <p class="finished"></p>`;
  const [current, tokens, finished] = [".current", ".tokens", ".finished"].map((name) => find(element, name, HTMLElement));
  /** @type {{text: string, given: boolean}[]} */
  let letters = [];
  /** @type {number[]} */
  let read = [];
  /** @type {string[]} */
  let names = [];

  const add = (/** @type {LoggedToken} */ record) => {
    if (record.position === 0) [letters, read] = [[], []];
    letters.length = Math.min(letters.length, record.position);
    read.length = Math.min(read.length, record.position);
    read.push(record.token);
    const ended = record.next === config.bos;
    if (!ended) letters[record.position] = { text: symbols[record.next], given: given(record) };
    if (!ended && record.position < config.block_size - 1) return;
    names = [letters.map(({ text }) => text).join(""), ...names].slice(0, KEPT);
  };
  const update = (/** @type {LoggedToken} */ record) => {
    const spans = letters.filter(Boolean).map(({ text, given: typed }) => {
      const span = document.createElement("span");
      span.textContent = text;
      if (typed) span.className = "given";
      return span;
    });
    if (record.next === config.bos) spans.push(Object.assign(document.createElement("span"), { className: "end", textContent: "■" }));
    current.replaceChildren(...spans);
    const shown = read.map((token) => (token === config.bos ? "begin" : symbols[token]));
    tokens.textContent = `read: ${shown.map((text, i) => `${text} ${read[i]}`).join(", ")}`;
    finished.textContent = names.length ? `before: ${names.join(", ")}` : "";
  };
  const clear = () => {
    [letters, read, names] = [[], [], []];
  };
  return { element, add, update, clear };
}
