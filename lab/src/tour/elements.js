/**
 * Elements of the page, and text that is safe to put into them.
 * @import { Child } from "../types.js"
 */

let numbered = 0;

/** An id that nothing else on the page has. */
export const uniqueId = (/** @type {string} */ stem) => `${stem}-${(numbered += 1)}`;

/**
 * An element: attributes by name, `on…` as listeners, children as nodes or text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>} attributes
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, String(value));
  }
  for (const child of flat(children)) element.append(typeof child === "number" ? String(child) : child);
  return element;
}

/**
 * All that is to be put in, in order.
 * @param {Child} child
 * @returns {(Node | string | number)[]}
 */
function flat(child) {
  if (Array.isArray(child)) return child.flatMap(flat);
  return child === null || child === undefined ? [] : [child];
}

/**
 * HTML text with every interpolated value escaped, but for texts made by this same function.
 * @param {TemplateStringsArray} parts
 * @param {(Markup | string | number)[]} values
 */
export function html(parts, ...values) {
  const escaped = values.map((value) => (value instanceof Markup ? value.text : escape(String(value))));
  return new Markup(parts.reduce((text, piece, i) => text + escaped[i - 1] + piece));
}

export class Markup {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** @type {Record<string, string>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escape = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (c) => ENTITIES[c]);
