/** What figures are made of: elements, controls, and drawings that fit their width. */

import { axisBottom, axisLeft } from "d3-axis";
import { select } from "d3-selection";

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

const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

export function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

/** Buttons in a row of their own. */
export const buttons = (...list) => h("div", { class: "buttons" }, list);

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
  input.addEventListener("input", () => (show(), oninput(Number(input.value))));
  show();
  return {
    element: h("div", { class: "slider" }, h("label", { for: id }, label), input, output),
    input,
    get value() {
      return Number(input.value);
    },
    set value(next) {
      input.value = next;
      show();
    },
    set max(next) {
      input.max = next;
    },
  };
}

/** A radio group, drawn as a row of boxes. setOptions replaces what can be chosen. */
export function choices({ legend, options, value, onchange, hidden = false }) {
  const name = uniqueId("choice");
  const group = h("fieldset", { class: "choices" }, h("legend", { class: hidden ? "unseen" : null }, legend));
  const row = h("div", { class: "choices-row" });
  group.append(row);
  const setOptions = (list, chosen) =>
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

/** A drop-down list. */
export function selection({ label, options, value, onchange }) {
  const list = h(
    "select",
    { onchange: () => onchange(list.value) },
    options.map((option) => h("option", { value: option.value, selected: option.value === value }, option.label)),
  );
  return h("label", { class: "selection" }, `${label} `, list);
}

export function checkbox(label, checked, onchange) {
  const input = h("input", { type: "checkbox", checked, onchange: () => onchange(input.checked) });
  return h("label", { class: "checkbox" }, input, ` ${label}`);
}

/** Where the reader chooses the token the figures look at. */
export function tokenChoice(context, legend = "Look at the model when it has just read") {
  const group = choices({ legend, options: [], onchange: (position) => context.setPosition(position) });
  const update = () =>
    group.setOptions(
      context.tokens.map((token, position) => ({ value: position, label: context.symbol(token), note: position })),
      context.position,
    );
  return { element: group.element, update: keepingFocus(group.element, update) };
}

/** `update`, after which the checked box of a group has the focus if the group had it. */
const keepingFocus = (group, update) => () => {
  const had = group.contains(document.activeElement);
  update();
  if (had) group.querySelector("input:checked")?.focus();
};

/**
 * A figure: controls, drawings, and a sentence that says what is to be seen.
 * The sentence is read out when it changes while the reader is in the figure. captionFirst: it stands above what is
 * too long to see it below.
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
    tell: (text) => {
      summary.textContent = text;
    },
  };
}

const LEAST_WIDTH = 160;

/**
 * A drawing as wide as its place, drawn again when that changes, and not at all while there is no place to speak of.
 *
 * @param {string} label for those who cannot see it
 * @param {(svg: import("d3-selection").Selection, width: number) => number} draw returns the height
 */
export function drawing(label, draw) {
  const element = h("div", { class: "drawing" });
  const svg = select(element).append("svg").attr("role", "img").attr("aria-label", label);
  let width = 0;
  const redraw = () => {
    if (width < LEAST_WIDTH) return;
    const height = draw(svg, width);
    svg.attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height);
  };
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now === width) return;
    width = now;
    if (element.dataset.drawn) redraw();
  }).observe(element);
  return {
    element,
    redraw: () => {
      element.dataset.drawn = "yes";
      width ||= Math.floor(element.getBoundingClientRect().width);
      redraw();
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

const NARROW = 420;

/**
 * Rows of signed numbers as squares: full above zero, hollow below, the side growing with the magnitude. In a narrow
 * place their labels stand above them.
 *
 * @param {{label: string, values: number[], marks?: string[]}[]} rows
 * @returns {number} the height
 */
export function squares(svg, width, rows, { most, labelWidth = 96, wrap = Infinity, name = (i) => i }) {
  const columns = Math.min(Math.max(...rows.map((row) => row.values.length)), wrap);
  const beside = width >= NARROW ? labelWidth : 0;
  const above = beside ? 0 : 18;
  const side = Math.min(Math.floor((width - beside) / columns), 30);
  const lines = rows.map((row) => Math.ceil(row.values.length / columns));
  const tops = lines.map((_, r) => lines.slice(0, r).reduce((sum, n) => sum + n * side + 8 + above, above));
  const cells = rows.flatMap(({ label, values }, r) =>
    values.map((value, i) => ({
      value,
      title: `${label} ${name(i)}: ${decimal(value)}`,
      x: beside + (i % columns) * side,
      y: tops[r] + Math.floor(i / columns) * side,
    })),
  );
  svg
    .selectAll("text.row-label")
    .data(rows)
    .join("text")
    .attr("class", "row-label")
    .attr("x", 0)
    .attr("y", (_, r) => (beside ? tops[r] + side / 2 : tops[r] - 8))
    .attr("dominant-baseline", "central")
    .text((row) => row.label);
  const groups = svg
    .selectAll("g.cell")
    .data(cells)
    .join((enter) => {
      const group = enter.append("g").attr("class", "cell");
      group.append("rect").attr("class", "ground");
      group.append("rect").attr("class", "value");
      group.append("title");
      return group;
    })
    .attr("transform", (cell) => `translate(${cell.x},${cell.y})`);
  groups.select(".ground").attr("width", side - 1).attr("height", side - 1);
  groups.select("title").text((cell) => cell.title);
  groups
    .select(".value")
    .each(function (cell) {
      const size = cell.value === 0 ? 0 : Math.max(2, Math.sqrt(Math.min(1, Math.abs(cell.value) / most)) * (side - 3));
      const inset = cell.value < 0 ? 0.75 : 0;
      select(this)
        .attr("class", `value ${cell.value < 0 ? "negative" : "positive"}`)
        .attr("x", (side - 1 - size) / 2 + inset)
        .attr("y", (side - 1 - size) / 2 + inset)
        .attr("width", Math.max(0, size - 2 * inset))
        .attr("height", Math.max(0, size - 2 * inset));
    });
  return tops.at(-1) + lines.at(-1) * side + 2;
}

/**
 * A bar for every symbol, the letter below it.
 *
 * @param {{label: string, value: number, ghost?: number, kind?: string, title: string}[]} bars `ghost`: a line at
 *   another value, to compare with
 * @returns {number} the height
 */
export function letterBars(svg, width, bars, { most = 1, height = 130 } = {}) {
  const step = width / bars.length;
  const base = height - 18;
  const groups = svg
    .selectAll("g.bar")
    .data(bars)
    .join((enter) => {
      const group = enter.append("g").attr("class", "bar");
      group.append("rect");
      group.append("text").attr("text-anchor", "middle");
      group.append("line").attr("class", "ghost");
      group.append("title");
      return group;
    })
    .attr("transform", (_, i) => `translate(${i * step},0)`)
    .attr("class", (bar) => `bar ${bar.kind ?? ""}`);
  const tall = ({ value }) => Math.min(1, value / most) * (base - 4);
  groups
    .select(".ghost")
    .attr("visibility", ({ ghost }) => (ghost === undefined ? "hidden" : "visible"))
    .attr("x2", step)
    .attr("y1", ({ ghost = 0 }) => base - tall({ value: ghost }))
    .attr("y2", ({ ghost = 0 }) => base - tall({ value: ghost }));
  groups
    .select("rect")
    .attr("x", 1)
    .attr("width", Math.max(1, step - 2))
    .attr("y", (bar) => base - tall(bar))
    .attr("height", tall);
  groups.select("text").attr("x", step / 2).attr("y", height - 4).text((bar) => bar.label);
  groups.select("title").text((bar) => bar.title);
  svg
    .selectAll("line.base")
    .data([0])
    .join("line")
    .attr("class", "base")
    .attr("x2", width)
    .attr("y1", base)
    .attr("y2", base);
  return height;
}

export const MARGIN = { left: 44, right: 12, top: 10, bottom: 40 };

/** Axes with their titles for scales whose ranges are set. */
export function axes(svg, width, height, { x, y, xTitle, yTitle, xFormat }) {
  const one = (name) => svg.selectAll(`g.${name}`).data([0]).join("g").attr("class", `axis ${name}`);
  one("x-axis")
    .attr("transform", `translate(0,${height - MARGIN.bottom})`)
    .call(axisBottom(x).ticks(5, xFormat));
  one("y-axis").attr("transform", `translate(${MARGIN.left},0)`).call(axisLeft(y).ticks(4));
  const title = (name, text) => svg.selectAll(`text.${name}`).data([text]).join("text").attr("class", name).text(text);
  title("x-title", xTitle)
    .attr("x", (MARGIN.left + width - MARGIN.right) / 2)
    .attr("y", height - 6)
    .attr("text-anchor", "middle");
  title("y-title", yTitle)
    .attr("transform", `rotate(-90)`)
    .attr("x", -(MARGIN.top + height - MARGIN.bottom) / 2)
    .attr("y", 12)
    .attr("text-anchor", "middle");
}

/** One element of a class in a drawing, made when first asked for. */
export const single = (svg, tag, name) => svg.selectAll(`${tag}.${name}`).data([0]).join(tag).attr("class", name);

/** All numbers of a figure as a table, made when it is opened. `rows`: () => [[heading, ...cells] …]. */
export function numbers(headings, rows) {
  const body = h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "All numbers" });
  const details = h("details", { class: "numbers" }, h("summary", {}, "All numbers"), body);
  const update = () => {
    if (!details.open) return;
    body.replaceChildren(
      h(
        "table",
        {},
        h("tr", {}, headings().map((text) => h("th", { scope: "col" }, text))),
        rows().map(([first, ...cells]) =>
          h("tr", {}, h("th", { scope: "row" }, first), cells.map((cell) => h("td", {}, cell))),
        ),
      ),
    );
  };
  details.addEventListener("toggle", update);
  return { element: details, update };
}

/** A number with few digits, a real minus sign and no trailing zeros. */
export function decimal(value, places = 2) {
  const text = String(Number(value.toFixed(places)));
  return text.replace("-", "−");
}

/** A number with a fixed count of places and a real minus sign. */
export const fixed = (value, places = 2) => value.toFixed(places).replace("-", "−");

export const percent = (share, places = 0) => `${(100 * share).toFixed(places)} %`;

/** 12345 → 12,345 */
export const grouped = (value) => Math.round(value).toLocaleString("en");

/** "a, b and c" */
export const listed = (items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
