/**
 * Where to go from here.
 * @import { Cartridge } from "../types.js"
 */

import { addressOf } from "../address.js";
import { find } from "../dom.js";

const LINKS = `
  <h2 id="further-title">Look inside</h2>
  <ul>
    <li><a class="lab"></a><span>Every number of every token, live, and the model explained step by step.</span></li>
    <li><a href="lessons/index.html">Lessons</a><span>Eleven small programs, from counting letters to the cartridge.</span></li>
    <li><a href="docs/index.html">Docs</a><span>How a GPT becomes integers, and integers become 65816 code.</span></li>
  </ul>`;

/**
 * @param {HTMLElement} element
 * @param {Cartridge} cartridge
 */
export function mountFurther(element, cartridge) {
  element.innerHTML = LINKS;
  const link = find(element, ".lab", HTMLAnchorElement);
  link.href = `lab.html${addressOf(cartridge)}`;
  link.textContent = `The lab of “${cartridge.title}”`;
}
