/** Numbers and lists as text. */

/**
 * A number with few digits, a real minus sign and no trailing zeros.
 * @param {number} value
 */
export function decimal(value, places = 2) {
  const text = String(Number(value.toFixed(places)));
  return text.replace("-", "−");
}

/** A number with a fixed count of places and a real minus sign. */
export const fixed = (/** @type {number} */ value, places = 2) => value.toFixed(places).replace("-", "−");

export const percent = (/** @type {number} */ share, places = 0) => `${(100 * share).toFixed(places)} %`;

/**
 * The name of what a model writes.
 * @param {{goes_on: boolean}} lab
 */
export const unit = ({ goes_on: goesOn }) => (goesOn ? "text" : "name");

/** With a capital letter first. */
export const capital = (/** @type {string} */ text) => text.charAt(0).toUpperCase() + text.slice(1);

/** 12345 → 12,345 */
export const grouped = (/** @type {number} */ value) => Math.round(value).toLocaleString("en");

/** "a, b and c" */
export const listed = (/** @type {string[]} */ items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
