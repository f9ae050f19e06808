/** Elements of the page, and text that is safe to put into them. */

let numbered = 0;

/** An id that nothing else on the page has. */
export const uniqueId = (stem) => `${stem}-${(numbered += 1)}`;

/** An element: attributes by name, `on…` as listeners, children as nodes or text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return element;
}

/** HTML text with every interpolated value escaped, but for texts made by this same function. */
export function html(parts, ...values) {
  const escaped = values.flat().map((value) => (value instanceof Markup ? value.text : escape(String(value))));
  return new Markup(parts.reduce((text, part, i) => text + escaped[i - 1] + part));
}

class Markup {
  constructor(text) {
    this.text = text;
  }
}

const escape = (text) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
