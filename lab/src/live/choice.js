/**
 * How the next letter is chosen: bars before and after temperature, and where the random draw fell.
 * @import { Lab, LiveFigure, LoggedToken, Model } from "../types.js"
 */

import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { find } from "../dom.js";
import { visible } from "../symbols.js";

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
  (token >= symbols.length ? "end" : visible(symbols[token]));

/** More tokens than this are too many for a bar each: then the likeliest are shown. */
const MANY = 100;
const LIKELIEST = { bars: 12, step: 48 };

/**
 * The tokens to show: all in their order, or the likeliest and the chosen one.
 * @param {number} vocabulary
 * @param {number[]} weights
 * @param {number} next
 */
function tokensToShow(vocabulary, weights, next) {
  const all = Array.from({ length: vocabulary }, (_, token) => token);
  if (vocabulary <= MANY) return all;
  const falling = all.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  const best = falling.slice(0, LIKELIEST.bars);
  return best.includes(next) ? best : [...best.slice(0, -1), next];
}

const LETTER = 11; // width of a letter on the line of all weights
const LABEL = 7; // letters of a token below its bar

const shortened = (/** @type {string} */ text) => (text.length > LABEL ? `${text.slice(0, LABEL - 1)}…` : text);

/**
 * @param {Lab} lab
 * @param {Model} model
 * @returns {LiveFigure}
 */
export function barsFigure({ symbols, config }, model) {
  const many = config.vocab_size > MANY;
  const count = many ? LIKELIEST.bars : config.vocab_size;
  const step = many ? LIKELIEST.step : STEP;
  const element = document.createElement("figure");
  element.innerHTML = `<figcaption><strong>Next ${many ? "token" : "letter"}</strong> <span class="swatch before"></span> as the model has it
    (temperature 1), <span class="swatch after"></span> after temperature${many ? `; the likeliest ${count} of ${config.vocab_size}` : ""}</figcaption>`;
  const svg = select(element).append("svg").attr("role", "img").attr("class", "bars");
  const columns = svg.selectAll("g").data(Array.from({ length: count }, (_, place) => place)).join("g");
  const layOut = () => {
    const across = Math.min(count, Math.max(1, Math.floor(element.clientWidth / step)));
    svg.attr("viewBox", `0 0 ${across * step} ${Math.ceil(count / across) * ROW}`);
    columns.attr("transform", (_, i) => `translate(${(i % across) * step},${Math.floor(i / across) * ROW})`);
  };
  new ResizeObserver(layOut).observe(element);
  columns.append("rect").attr("class", "before").attr("x", step / 2 - 8).attr("width", 8);
  columns.append("rect").attr("class", "after").attr("x", step / 2).attr("width", 8);
  columns.append("text").attr("x", step / 2).attr("y", BAR_HEIGHT + 14);
  columns.append("title");
  const height = scaleLinear([0, 1], [0, BAR_HEIGHT]);
  const draw = (/** @type {string} */ className, /** @type {ReturnType<typeof shares>} */ { weights, total }, /** @type {number[]} */ shown) =>
    columns
      .select(`rect.${className}`)
      .attr("height", (_, i) => height((weights[shown[i]] ?? 0) / total))
      .attr("y", (_, i) => BAR_HEIGHT - height((weights[shown[i]] ?? 0) / total));
  const label = (/** @type {number} */ token) => (token === symbols.length ? "■" : name(symbols, token));
  const update = (/** @type {LoggedToken} */ record) => {
    const after = shares(model, record, record.tenths);
    const before = shares(model, record, 10);
    const shown = tokensToShow(config.vocab_size, before.weights, record.next);
    draw("before", before, shown);
    draw("after", after, shown);
    columns.select("text").text((_, i) => shortened(label(shown[i])));
    columns.select("title").text((_, i) => label(shown[i]));
    columns.classed("chosen", (_, i) => shown[i] === record.next);
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
      .text(({ token, from, to }) => {
        const label = token === symbols.length ? "■" : name(symbols, token);
        return scale(to - from) > LETTER * (1 + label.length) ? label : "";
      });
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
