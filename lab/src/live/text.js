/**
 * What was written: the name in progress, letter by letter, and the ones before; or a text that goes on.
 * @import { Lab, LoggedToken } from "../types.js"
 */

import { find } from "../dom.js";
import { visible } from "../symbols.js";
import { Writing, end, spansOf } from "../writing.js";

const SHOWN = 12;
const TOKENS_SHOWN = 40;

/**
 * @param {Lab} lab
 * @param {(token: LoggedToken) => boolean} given whether the prompt gives it
 */
export function textFigure(lab, given) {
  const { symbols, config, goes_on: goesOn } = lab;
  const element = document.createElement("div");
  element.className = goesOn ? "written running" : "written";
  element.innerHTML = `
    <p class="current"></p>
    <p class="tokens"></p>
    <p class="finished"></p>`;
  const [current, tokens, finished] = [".current", ".tokens", ".finished"].map((name) => find(element, name, HTMLElement));
  if (goesOn) Object.assign(current, { tabIndex: 0, role: "region", ariaLabel: "The text" }); // it scrolls
  const writing = new Writing(lab, given);
  const update = () => {
    current.replaceChildren(...spansOf(writing.pieces), ...(writing.ended ? [end()] : []));
    current.scrollTop = current.scrollHeight;
    const newest = writing.read.slice(-TOKENS_SHOWN);
    const shown = newest.map((token) => `${token === config.bos ? "begin" : visible(symbols[token])} ${token}`);
    tokens.textContent = `read: ${writing.read.length > newest.length ? "… " : ""}${shown.join(", ")}`;
    const before = writing.finished.slice(0, SHOWN);
    finished.textContent = before.length ? `before: ${before.join(goesOn ? " ■ " : ", ")}` : "";
  };
  return { element, add: (/** @type {LoggedToken} */ record) => writing.add(record), update, clear: () => writing.clear() };
}
