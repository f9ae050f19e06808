/**
 * Every ROM with its size and checksum.
 * @import { Cartridge } from "../types.js"
 */

import { addressOf } from "../address.js";
import { find } from "../dom.js";

const TABLE = `
  <h2 id="downloads-title">Downloads</h2>
  <p>
    Each file is a whole cartridge, for an emulator or a flash cartridge.
    <a href="downloads/SHA256SUMS" download>SHA256SUMS</a> has all checksums, as <code>sha256sum -c</code> reads them.
  </p>
  <table>
    <thead><tr><th scope="col">Cartridge</th><th scope="col">For</th><th scope="col">Size</th><th scope="col">SHA-256</th><th scope="col">File</th></tr></thead>
    <tbody></tbody>
  </table>`;

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Partial<HTMLElementTagNameMap[T]>} properties
 * @param {Node[]} children
 */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {Cartridge[]} cartridges
 * @param {Cartridge} current
 */
export function mountDownloads(element, cartridges, current) {
  element.innerHTML = TABLE;
  const rows = cartridges.map((each) => {
    const { title, machine, bytes, sha256, rom } = each;
    const file = rom.slice(rom.lastIndexOf("/") + 1);
    const row = make(
      "tr",
      { className: each === current ? "current" : "" },
      make("th", { scope: "row" }, make("a", { href: addressOf(each), textContent: title })),
      make("td", { textContent: machine }),
      make("td", { textContent: `${(bytes / 1024).toLocaleString("en")} KiB` }),
      make("td", { className: "sum" }, make("code", { textContent: sha256 })),
      make("td", {}, make("a", { href: rom, download: file, textContent: file, className: "download" })),
    );
    return row;
  });
  find(element, "tbody", HTMLElement).append(...rows);
}
