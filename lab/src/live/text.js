/**
 * What was written: the name in progress, letter by letter, and the ones before; or a text that goes on.
 * @import { Lab, LoggedToken } from "../types.js"
 */

import { find } from "../dom.js";
import { visible } from "../symbols.js";

const KEPT = 12;
const TOKENS_SHOWN = 40;

/** Letters of a text that goes on and on. */
const LONGEST = 1200;

/** @typedef {{text: string, given: boolean}} Piece */

/**
 * @param {Lab} lab
 * @param {(token: LoggedToken) => boolean} given whether the prompt gives it
 */
export function textFigure({ symbols, config, pieces, goes_on: goesOn }, given) {
  const element = document.createElement("div");
  element.className = goesOn ? "written running" : "written";
  element.innerHTML = `
    <p class="current"></p>
    <p class="tokens"></p>
    <p class="finished"></p>`;
  const [current, tokens, finished] = [".current", ".tokens", ".finished"].map((name) => find(element, name, HTMLElement));
  if (goesOn) Object.assign(current, { tabIndex: 0, role: "region", ariaLabel: "The text" }); // it scrolls
  /** @type {Piece[]} by position in the window */
  let letters = [];
  /** @type {Piece[]} of a text that goes on: what earlier windows wrote */
  let before = [];
  let again = 0; // positions whose tokens an earlier window wrote
  let full = false; // the window before ended because its context did
  /** @type {number[]} */
  let read = [];
  /** @type {string[]} */
  let names = [];

  const written = () => [...before, ...letters.slice(again)].filter(Boolean);
  const asText = (/** @type {Piece[]} */ parts) => parts.map(({ text }) => text).join("");

  /** A window begins: with the second half of the one before, or with nothing. */
  const begin = () => {
    before = goesOn && full ? written() : [];
    while (asText(before).length > LONGEST) before.shift();
    again = before.length ? Math.floor(config.block_size / 2) : 0;
    [letters, read, full] = [[], [], false];
  };
  const add = (/** @type {LoggedToken} */ record) => {
    if (record.position === 0) begin();
    letters.length = Math.min(letters.length, record.position);
    read.length = Math.min(read.length, record.position);
    read.push(record.token);
    const ended = record.next === config.bos;
    const text = symbols[record.next] ?? "";
    const shown = pieces?.length && record.position === 0 ? text.replace(/^ /, "") : text;
    if (!ended) letters[record.position] = { text: shown, given: given(record) };
    full = !ended && record.position === config.block_size - 1;
    if (ended || (full && !goesOn)) names = [asText(written()), ...names].slice(0, KEPT);
  };
  const update = (/** @type {LoggedToken} */ record) => {
    const spans = written().map(({ text, given: typed }) => {
      const span = document.createElement("span");
      span.textContent = text;
      if (typed) span.className = "given";
      return span;
    });
    if (record.next === config.bos) spans.push(Object.assign(document.createElement("span"), { className: "end", textContent: "■" }));
    current.replaceChildren(...spans);
    current.scrollTop = current.scrollHeight;
    const newest = read.slice(-TOKENS_SHOWN);
    const shown = newest.map((token) => `${token === config.bos ? "begin" : visible(symbols[token])} ${token}`);
    tokens.textContent = `read: ${read.length > newest.length ? "… " : ""}${shown.join(", ")}`;
    finished.textContent = names.length ? `before: ${names.join(goesOn ? " ■ " : ", ")}` : "";
  };
  const clear = () => {
    [letters, before, read, names, again, full] = [[], [], [], [], 0, false];
  };
  return { element, add, update, clear };
}
