/**
 * Drawings that fit their width.
 * @import { ScaleContinuousNumeric } from "d3-scale"
 * @import { Selection } from "d3-selection"
 * @import { Bar, Svg, SvgTags } from "../types.js"
 */

import { axisBottom, axisLeft } from "d3-axis";
import { select } from "d3-selection";
import { h } from "./elements.js";
import { decimal } from "./wording.js";

const LEAST_WIDTH = 160;

/**
 * A drawing as wide as its place, drawn again when that changes, and not at all while there is no place to speak of.
 *
 * @param {string} label for those who cannot see it
 * @param {(svg: Svg, width: number) => number} draw returns the height
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

const NARROW = 420;

/**
 * Rows of signed numbers as squares: full above zero, hollow below, the side growing with the magnitude. In a narrow
 * place their labels are above them.
 *
 * @param {Svg} svg
 * @param {number} width
 * @param {{label: string, values: number[]}[]} rows
 * @param {{most: number, labelWidth?: number, wrap?: number}} options most: the magnitude of a full square
 * @returns {number} the height
 */
export function squares(svg, width, rows, { most, labelWidth = 96, wrap = 16 }) {
  const columns = Math.min(Math.max(...rows.map((row) => row.values.length)), wrap);
  const beside = width >= NARROW ? labelWidth : 0;
  const above = beside ? 0 : 18;
  const side = Math.min(Math.floor((width - beside) / columns), 30);
  const lines = rows.map((row) => Math.ceil(row.values.length / columns));
  const tops = lines.map((_, r) => lines.slice(0, r).reduce((sum, n) => sum + n * side + 8 + above, above));
  const cells = rows.flatMap(({ label, values }, r) =>
    values.map((value, i) => ({
      value,
      title: `${label} ${i}: ${decimal(value)}`,
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
  groups
    .select(".ground")
    .attr("width", side - 1)
    .attr("height", side - 1);
  groups.select("title").text((cell) => cell.title);
  groups.select(".value").each(function (cell) {
    const size =
      cell.value === 0 ? 0 : Math.max(2, Math.sqrt(Math.min(1, Math.abs(cell.value) / most)) * (side - 3));
    const inset = cell.value < 0 ? 0.75 : 0;
    select(this)
      .attr("class", `value ${cell.value < 0 ? "negative" : "positive"}`)
      .attr("x", (side - 1 - size) / 2 + inset)
      .attr("y", (side - 1 - size) / 2 + inset)
      .attr("width", Math.max(0, size - 2 * inset))
      .attr("height", Math.max(0, size - 2 * inset));
  });
  const last = rows.length - 1;
  return tops[last] + lines[last] * side + 2;
}

/**
 * A bar for every symbol, the letter below it.
 *
 * @param {Svg} svg
 * @param {number} width
 * @param {Bar[]} bars
 * @param {{most?: number, height?: number}} options
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
  const tall = (/** @type {{value: number}} */ { value }) => Math.min(1, value / most) * (base - 4);
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
  groups
    .select("text")
    .attr("x", step / 2)
    .attr("y", height - 4)
    .text((bar) => bar.label);
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

/** More tokens than this are too many for a bar each. */
const MANY = 100;
const SHOWN = 16;
const LABEL = 6;

/**
 * The bars of all tokens, or where those are too many the largest, and any that is marked, with short labels.
 * @param {Bar[]} bars
 */
export function mostLikely(bars) {
  if (bars.length <= MANY) return bars;
  const falling = [...bars].sort((a, b) => b.value - a.value);
  const marked = falling.slice(SHOWN).filter(({ kind }) => kind);
  const short = (/** @type {string} */ label) => (label.length > LABEL ? `${label.slice(0, LABEL - 1)}…` : label);
  return [...falling.slice(0, SHOWN), ...marked].map((bar) => ({ ...bar, label: short(bar.label) }));
}

export const MARGIN = { left: 44, right: 12, top: 10, bottom: 40 };

/**
 * @typedef {object} Axes
 * @property {ScaleContinuousNumeric<number, number>} x
 * @property {ScaleContinuousNumeric<number, number>} y
 * @property {string} xTitle
 * @property {string} yTitle
 * @property {string} [xFormat]
 */

/**
 * Axes with their titles for scales whose ranges are set.
 * @param {Svg} svg
 * @param {number} width
 * @param {number} height
 * @param {Axes} given
 */
export function axes(svg, width, height, { x, y, xTitle, yTitle, xFormat }) {
  const one = (/** @type {string} */ name) => single(svg, "g", name).classed("axis", true);
  one("x-axis")
    .attr("transform", `translate(0,${height - MARGIN.bottom})`)
    .call(axisBottom(x).ticks(5, xFormat));
  one("y-axis").attr("transform", `translate(${MARGIN.left},0)`).call(axisLeft(y).ticks(4));
  const title = (/** @type {string} */ name, /** @type {string} */ text) => single(svg, "text", name).text(text);
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

/**
 * One element of a class in a drawing, made when first asked for.
 * @template {keyof SvgTags} K
 * @param {Svg} svg
 * @param {K} tag
 * @param {string} name
 */
export function single(svg, tag, name) {
  /** @type {Selection<SvgTags[K], unknown, null, undefined>} */
  const found = svg.select(`${tag}.${name}`);
  if (!found.empty()) return found;
  /** @type {Selection<SvgTags[K], unknown, null, undefined>} */
  const made = svg.append(/** @type {string} */ (tag));
  return made.attr("class", name);
}
