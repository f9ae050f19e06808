/**
 * How the next letter is chosen: bars before and after temperature, and where the random draw fell.
 * @import { Lab, LiveFigure, LoggedToken, Model } from "../types.js"
 */

import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { find } from "../dom.js";

const BAR_HEIGHT = 64;
const STEP = 20; // pixels a letter, at least
const ROW = BAR_HEIGHT + 22;

/**
 * Shares of all tokens at `tenths`; at position 0 the end is no candidate.
 * @param {Model} model
 * @param {LoggedToken} token
 * @param {number} tenths
 */
export function shares(model, { logits, position }, tenths) {
  const candidates = position === 0 ? logits.subarray(0, model.bos) : logits;
  const { weights, total } = model.probabilities(candidates, tenths);
  return { weights: [...weights], total };
}

const name = (/** @type {string[]} */ symbols, /** @type {number} */ token) =>
  (token >= symbols.length ? "end" : symbols[token] === " " ? "␣" : symbols[token]);

/**
 * @param {Lab} lab
 * @param {Model} model
 * @returns {LiveFigure}
 */
export function barsFigure({ symbols }, model) {
  const element = document.createElement("figure");
  element.innerHTML = `<figcaption><strong>Next letter</strong> <span class="swatch before"></span> as the model has it
    (temperature 1), <span class="swatch after"></span> after temperature</figcaption>`;
  const svg = select(element).append("svg").attr("role", "img").attr("class", "bars");
  const columns = svg.selectAll("g").data([...symbols, "end"]).join("g");
  const layOut = () => {
    const count = symbols.length + 1;
    const across = Math.min(count, Math.max(1, Math.floor(element.clientWidth / STEP)));
    svg.attr("viewBox", `0 0 ${across * STEP} ${Math.ceil(count / across) * ROW}`);
    columns.attr("transform", (_, i) => `translate(${(i % across) * STEP},${Math.floor(i / across) * ROW})`);
  };
  new ResizeObserver(layOut).observe(element);
  columns.append("rect").attr("class", "before").attr("x", 2).attr("width", 8);
  columns.append("rect").attr("class", "after").attr("x", 10).attr("width", 8);
  columns
    .append("text")
    .attr("x", STEP / 2)
    .attr("y", BAR_HEIGHT + 14)
    .text((_, token) => (token === symbols.length ? "■" : name(symbols, token)));
  const height = scaleLinear([0, 1], [0, BAR_HEIGHT]);
  const draw = (/** @type {string} */ className, /** @type {ReturnType<typeof shares>} */ { weights, total }) =>
    columns
      .select(`rect.${className}`)
      .attr("height", (_, i) => height((weights[i] ?? 0) / total))
      .attr("y", (_, i) => BAR_HEIGHT - height((weights[i] ?? 0) / total));
  const update = (/** @type {LoggedToken} */ record) => {
    const after = shares(model, record, record.tenths);
    draw("before", shares(model, record, 10));
    draw("after", after);
    columns.classed("chosen", (_, token) => token === record.next);
    const best = after.weights.indexOf(Math.max(...after.weights));
    const percent = Math.round((100 * after.weights[best]) / after.total);
    svg.attr("aria-label", `Likeliest next: ${name(symbols, best)}, ${percent} percent. Chosen: ${name(symbols, record.next)}.`);
  };
  return { element, update };
}

/**
 * The line of all weights end to end, and the threshold that the draw sets on it.
 * @param {Lab} lab
 * @param {Model} model
 * @param {(token: LoggedToken) => boolean} given whether the prompt gives it
 * @returns {LiveFigure}
 */
export function drawFigure({ symbols }, model, given) {
  const element = document.createElement("figure");
  element.innerHTML = `<figcaption><strong>Random draw</strong> <span class="numbers"></span></figcaption>`;
  const svg = select(element).append("svg").attr("viewBox", "0 0 1000 44").attr("role", "img").attr("class", "draw");
  const strip = svg.append("g");
  const needle = svg.append("path").attr("class", "needle").attr("d", "M0 0 L-7 -10 L7 -10 Z M-1 0 h2 v26 h-2 Z");
  const numbers = find(element, ".numbers", HTMLElement);
  const update = (/** @type {LoggedToken} */ record) => {
    const { weights, total } = shares(model, record, record.tenths);
    const scale = scaleLinear([0, total], [0, 1000]);
    let sum = 0;
    const parts = weights.map((weight, token) => ({ token, from: sum, to: (sum += weight) })).filter((p) => p.to > p.from);
    const cells = strip.selectAll("g").data(parts).join((enter) => {
      const cell = enter.append("g");
      cell.append("rect").attr("y", 12).attr("height", 26);
      cell.append("text").attr("y", 31);
      return cell;
    });
    cells.classed("chosen", ({ token }) => token === record.next);
    cells.classed("odd", (_, i) => i % 2 === 1);
    cells.select("rect").attr("x", ({ from }) => scale(from)).attr("width", ({ from, to }) => scale(to - from));
    cells
      .select("text")
      .attr("x", ({ from, to }) => scale((from + to) / 2))
      .text(({ token, from, to }) => (scale(to - from) > 22 ? (token === symbols.length ? "■" : name(symbols, token)) : ""));
    const free = !given(record) && record.tenths > 0;
    const threshold = Math.floor((record.y * total) / 65536);
    needle.style("display", free ? "" : "none").attr("transform", `translate(${scale(threshold)},12)`);
    const words = `x ${record.x}, y ${record.y}`;
    if (given(record)) numbers.textContent = `none: the prompt gives this letter (${words})`;
    else if (record.tenths === 0) numbers.textContent = `${words}: not used, temperature 0 takes the likeliest`;
    else numbers.textContent = `${words}: y · sum ÷ 65536 = ${threshold} of ${total} is in “${name(symbols, record.next)}”`;
    svg.attr("aria-label", numbers.textContent);
  };
  return { element, update };
}
