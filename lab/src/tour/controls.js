/**
 * What a reader operates: native inputs and buttons, each with its label.
 * @import { Child, Context, Option } from "../types.js"
 */

import { h, uniqueId } from "./elements.js";
import { decimal } from "./wording.js";

/**
 * @param {Child} label
 * @param {() => void} onclick
 * @param {Parameters<typeof h>[1]} attributes
 */
export function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

/** Buttons in a row of their own. */
export const buttons = (/** @type {Child[]} */ ...list) => h("div", { class: "buttons" }, list);

/**
 * A labelled range input that shows its value.
 *
 * @param {{label: string, min: number, max: number, step: number, value: number,
 *   format?: (value: number) => string, oninput: (value: number) => void}} options
 */
export function slider({ label, min, max, step, value, format = (v) => decimal(v), oninput }) {
  const id = uniqueId("slider");
  const output = h("output", { for: id });
  const input = h("input", { type: "range", id, min, max, step, value });
  const show = () => {
    output.textContent = format(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    show();
    oninput(Number(input.value));
  });
  show();
  return {
    element: h("div", { class: "slider" }, h("label", { for: id }, label), input, output),
    input,
    get value() {
      return Number(input.value);
    },
    set value(/** @type {number} */ next) {
      input.value = String(next);
      show();
    },
    set max(/** @type {number} */ next) {
      input.max = String(next);
    },
  };
}

/**
 * A radio group, drawn as a row of boxes. setOptions replaces what can be chosen.
 *
 * @template {string | number} V
 * @param {{legend: string, options: Option<V>[], value?: V, onchange: (value: V) => void, hidden?: boolean}} given
 */
export function choices({ legend, options, value, onchange, hidden = false }) {
  const name = uniqueId("choice");
  const group = h("fieldset", { class: "choices" }, h("legend", { class: hidden ? "unseen" : null }, legend));
  const row = h("div", { class: "choices-row" });
  group.append(row);
  const setOptions = (/** @type {Option<V>[]} */ list, /** @type {V | undefined} */ chosen) =>
    row.replaceChildren(
      ...list.map(({ value: own, label, note }) => {
        const input = h("input", {
          type: "radio",
          name,
          value: own,
          checked: own === chosen,
          onchange: () => onchange(own),
        });
        return h("label", {}, input, h("span", {}, label, note === undefined ? null : h("small", {}, note)));
      }),
    );
  setOptions(options, value);
  return { element: group, setOptions };
}

/**
 * A drop-down list.
 *
 * @template {string | number} V
 * @param {{label: string, options: {label: string, value: V}[], value: V, onchange: (value: V) => void}} given
 */
export function selection({ label, options, value, onchange }) {
  const list = h(
    "select",
    { onchange: () => onchange(options[list.selectedIndex].value) },
    options.map((option) => h("option", { value: option.value, selected: option.value === value }, option.label)),
  );
  return h("label", { class: "selection" }, `${label} `, list);
}

/**
 * @param {string} label
 * @param {boolean} checked
 * @param {(checked: boolean) => void} onchange
 */
export function checkbox(label, checked, onchange) {
  const input = h("input", { type: "checkbox", checked, onchange: () => onchange(input.checked) });
  return h("label", { class: "checkbox" }, input, ` ${label}`);
}

/**
 * Where the reader chooses the token the figures look at.
 * @param {Context} context
 */
export function tokenChoice(context, legend = "Look at the model when it has just read") {
  /** @type {Option<number>[]} */
  const none = [];
  const group = choices({ legend, options: none, onchange: (position) => context.setPosition(position) });
  const update = () =>
    group.setOptions(
      context.tokens.map((token, position) => ({ value: position, label: context.symbol(token), note: position })),
      context.position,
    );
  return { element: group.element, update: keepingFocus(group.element, update) };
}

/**
 * `update`, after which the checked box of a group has the focus if the group had it.
 * @param {HTMLElement} group
 * @param {() => void} update
 */
const keepingFocus = (group, update) => () => {
  const had = group.contains(document.activeElement);
  update();
  if (had) /** @type {HTMLInputElement | null} */ (group.querySelector("input:checked"))?.focus();
};
