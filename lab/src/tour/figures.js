/**
 * A figure: its controls, its drawings, the sentence that says what is to be seen, and all its numbers.
 * @import { Child } from "../types.js"
 */

import { h, uniqueId } from "./elements.js";

/**
 * A figure: controls, drawings, and a sentence that says what is to be seen.
 * The sentence is read out when it changes while the reader is in the figure. captionFirst: it is above what is
 * too long to see it below.
 * @param {string} label
 * @param {{controls?: Child[], body?: Child, legend?: Child, captionFirst?: boolean}} parts
 */
export function figure(label, { controls = [], body = [], legend = null, captionFirst = false }) {
  const summary = h("p", { class: "summary", id: uniqueId("summary") });
  const caption = h("figcaption", {}, summary);
  const element = h(
    "figure",
    { "aria-label": label, "aria-describedby": summary.id },
    controls.length ? h("div", { class: "controls" }, controls) : null,
    captionFirst ? [caption, body, legend] : [body, legend, caption],
  );
  element.addEventListener("focusin", () => summary.setAttribute("aria-live", "polite"));
  element.addEventListener("focusout", () => summary.removeAttribute("aria-live"));
  return {
    element,
    tell: (/** @type {string} */ text) => {
      summary.textContent = text;
    },
  };
}

/** How signed values are drawn, for the reader. */
export const signLegend = () =>
  h(
    "p",
    { class: "legend", "aria-hidden": "true" },
    h("span", { class: "key positive" }),
    " above zero  ",
    h("span", { class: "key negative" }),
    " below zero. The larger, the farther from it.",
  );

/**
 * All numbers of a figure as a table, made when it is opened.
 * @param {() => Child[]} headings
 * @param {() => Child[][]} rows the heading of each, and its cells
 */
export function numbers(headings, rows) {
  const body = h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "All numbers" });
  const details = h("details", { class: "numbers" }, h("summary", {}, "All numbers"), body);
  const update = () => {
    if (!details.open) return;
    body.replaceChildren(
      h(
        "table",
        {},
        h(
          "tr",
          {},
          headings().map((text) => h("th", { scope: "col" }, text)),
        ),
        rows().map(([first, ...cells]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, first),
            cells.map((cell) => h("td", {}, cell)),
          ),
        ),
      ),
    );
  };
  details.addEventListener("toggle", update);
  return { element: details, update };
}
