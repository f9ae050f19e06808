/**
 * Which cartridge, and for which machine: links, for each is a page of its own.
 * @import { Cartridge } from "./types.js"
 */

import { addressOf } from "./address.js";
import { find } from "./dom.js";

const CHOICE = `
  <ul class="cartridges" aria-label="Cartridge"></ul>
  <ul class="machines" aria-label="Machine"></ul>`;

/**
 * @param {string} text
 * @param {string} href
 * @param {boolean} current
 */
function item(text, href, current) {
  const link = Object.assign(document.createElement("a"), { textContent: text, href });
  if (current) link.setAttribute("aria-current", "page");
  const element = document.createElement("li");
  element.append(link);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {Cartridge[]} cartridges
 * @param {Cartridge} current
 */
export function mountChoice(element, cartridges, current) {
  element.innerHTML = CHOICE;
  const names = [...new Set(cartridges.map(({ name }) => name))];
  const ofName = (/** @type {string} */ name) => {
    const among = cartridges.filter((each) => each.name === name);
    return among.find(({ target }) => target === current.target) ?? among[0];
  };
  find(element, ".cartridges", HTMLElement).append(
    ...names.map((name) => item(ofName(name).title, addressOf(ofName(name)), name === current.name)),
  );
  find(element, ".machines", HTMLElement).append(
    ...cartridges
      .filter(({ name }) => name === current.name)
      .map((each) => item(`for ${each.machine}`, addressOf(each), each === current)),
  );
}
