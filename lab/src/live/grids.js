/**
 * Embedding, residual stream, hidden units and attention of the newest token, as cells.
 * @import { Lab, LiveFigure, LoggedToken, Palette, Tensor } from "../types.js"
 */

import { find } from "../dom.js";
import { hiddenUnits, kernelOf } from "../model/program.js";
import { visible } from "../symbols.js";
import { drawCells, inRows } from "./cells.js";

const Q8 = 256;

/** Numbers in a row of cells: of a longer vector there are several. */
const WIDEST = 32;

/** Positions of a triangle: of a longer text the last ones. */
const WINDOW = 32;

/**
 * @param {string} title
 * @param {string} note
 */
function figure(title, note) {
  const element = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.innerHTML = `<strong>${title}</strong> ${note}`;
  element.append(caption);
  return element;
}

/**
 * A row of cells in `parent`.
 * @param {HTMLElement} parent
 * @param {string} label
 */
function labelled(parent, label) {
  const row = document.createElement("div");
  const name = document.createElement("span");
  const canvas = document.createElement("canvas");
  row.className = "cells";
  name.textContent = label;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  row.append(name, canvas);
  parent.append(row);
  return canvas;
}

/**
 * Whether the embedding is brought to length one before the first layer.
 * @param {Lab} lab
 */
const isScaled = (lab) => kernelOf(lab, "embed_norm") !== undefined;

/**
 * The stages of the residual stream, in order: [name in the trace, label].
 * @param {Lab} lab
 */
function stages(lab) {
  const { n_layer: layers } = lab.config;
  const many = layers > 1;
  /** @type {[name: string, label: string][]} */
  const list = [isScaled(lab) ? ["embed_norm", "embedding, scaled"] : ["embed", "embedding"]];
  for (let layer = 0; layer < layers; layer++) {
    const which = many ? `layer ${layer + 1}, ` : "";
    list.push([`layer${layer}.attention_residual`, `${which}after attention`]);
    list.push([`layer${layer}.mlp_residual`, `${which}after the MLP`]);
  }
  return list;
}

/**
 * @param {Lab} lab
 * @returns {LiveFigure}
 */
export function residualFigure(lab) {
  const element = figure("Residual stream", `${lab.config.n_embd} numbers a stage; orange below zero, blue above.`);
  const rows = stages(lab).map(([name, label]) => ({ name, canvas: labelled(element, label) }));
  const update = (/** @type {LoggedToken} */ record, /** @type {Palette} */ colours) => {
    const found = rows.map(({ name, canvas }) => ({ values: record.values(name), canvas }));
    const largest = Math.max(Q8, ...found.map(({ values }) => Math.max(...values.map(Math.abs))));
    for (const { values, canvas } of found) {
      drawCells(canvas, inRows([...values], WIDEST), (value) => colours.signed(value / largest));
    }
  };
  return { element, update };
}

/**
 * The token's embedding; where positions are learned the position's, and their sum, which may be scaled to length one:
 * what the model begins with.
 * @param {Lab} lab
 * @returns {LiveFigure}
 */
export function embeddingFigure(lab) {
  const { config, tensors } = lab;
  const [last, sum] = isScaled(lab) ? ["embed_norm", "sum, scaled"] : ["embed", "sum"];
  const what = tensors.wpe ? `, the position's row, and their ${sum === "sum" ? "" : "scaled "}sum` : "";
  const element = figure("Embedding", `the token's row of the table${what}.`);
  const canvases = (tensors.wpe ? ["token", "position", sum] : ["token"]).map((label) => labelled(element, label));
  const row = (/** @type {Tensor} */ tensor, /** @type {number} */ n) =>
    [...tensor.values.subarray(n * config.n_embd, (n + 1) * config.n_embd)];
  const update = (/** @type {LoggedToken} */ record, /** @type {Palette} */ colours) => {
    const parts = [row(tensors.wte, record.token)];
    if (tensors.wpe) parts.push(row(tensors.wpe, record.position), [...record.values(last)]);
    canvases.forEach((canvas, i) => {
      const largest = Math.max(...parts[i].map(Math.abs), 1);
      drawCells(canvas, inRows(parts[i], WIDEST), (value) => colours.signed(value / largest));
    });
  };
  return { element, update };
}

/**
 * @param {Lab} lab
 * @returns {LiveFigure}
 */
export function hiddenFigure(lab) {
  const { config } = lab;
  const rectified = ["relu", "relu2"].includes(config.activation);
  const element = figure("Hidden units", "");
  const note = find(element, "figcaption", HTMLElement).appendChild(document.createElement("span"));
  const canvases = Array.from({ length: config.n_layer }, (_, n) =>
    labelled(element, config.n_layer > 1 ? `layer ${n + 1}` : "gated"),
  );
  const blocks = canvases.map((_, layer) => hiddenUnits(lab, layer));
  const columns = config.n_hidden > 128 ? WIDEST : 16;
  const update = (/** @type {LoggedToken} */ record, /** @type {Palette} */ colours) => {
    let active = 0;
    canvases.forEach((canvas, layer) => {
      const values = blocks[layer].flatMap((block) => [...record.values(block)]);
      const largest = Math.max(...values.map(Math.abs), 1);
      active += values.filter((value) => value !== 0).length;
      drawCells(canvas, inRows(values, columns), (value) => (value === 0 ? colours.off : colours.signed(value / largest)));
    });
    const all = config.n_hidden * config.n_layer;
    note.textContent = rectified
      ? `${active} of ${all} active; the dark ones are exactly zero.`
      : `${all} units; orange below zero, blue above, ${all - active} of them exactly zero.`;
  };
  return { element, update };
}

/**
 * Which layer to show; its numbers begin at 0.
 * @param {number} layers
 */
function layerChoice(layers) {
  const element = document.createElement("label");
  element.className = "layer";
  const select = document.createElement("select");
  select.append(...Array.from({ length: layers }, (_, n) => new Option(String(n + 1), String(n))));
  element.append("Layer ", select);
  return { element, chosen: () => Number(select.value) };
}

/**
 * One triangle a head: row = the token that looks, column = the token looked at. Of many layers one is shown.
 * @param {Lab} lab
 */
export function attentionFigure({ config, symbols }) {
  const { n_head: heads, n_layer: layers, block_size: context } = config;
  const element = figure("Attention", "");
  const note = find(element, "figcaption", HTMLElement).appendChild(document.createElement("span"));
  const layer = layerChoice(layers);
  if (layers > 1) element.append(layer.element);
  const grid = element.appendChild(document.createElement("div"));
  grid.className = "heads";
  const canvases = Array.from({ length: heads }, (_, n) => labelled(grid, `head ${n + 1}`));
  const size = Math.min(context, WINDOW);
  /** @type {number[][][]} per layer and head: rows of shares by position */
  const history = Array.from({ length: layers * heads }, () => []);
  /** @type {number[]} */
  const tokens = [];
  /** Takes every record, also those that are never drawn. */
  const add = (/** @type {LoggedToken} */ record) => {
    tokens.length = record.position;
    tokens.push(record.token);
    for (let n = 0; n < layers; n++) {
      const weights = record.values(`layer${n}.attention.weights`);
      for (let head = 0; head < heads; head++) {
        const own = weights.slice(head * context, head * context + record.position + 1);
        const total = own.reduce((sum, weight) => sum + weight, 0) || 1;
        const rows = history[n * heads + head];
        rows.length = Math.min(rows.length, record.position);
        rows[record.position] = [...own].map((weight) => weight / total);
      }
    }
  };
  const draw = (/** @type {Palette} */ colours) => {
    const first = Math.max(tokens.length - size, 0);
    const names = tokens.slice(first).map((token) => (token < symbols.length ? visible(symbols[token]) : "·"));
    note.textContent = `rows look at columns${first ? `, the last ${size}` : ""}: ${names.join(" ")}`;
    canvases.forEach((canvas, head) => {
      const shares = history[layer.chosen() * heads + head];
      const rows = Array.from({ length: size }, (_, y) =>
        Array.from({ length: size }, (_, x) => shares[first + y]?.[first + x] ?? null),
      );
      drawCells(canvas, rows, colours.share);
    });
  };
  const update = (/** @type {LoggedToken} */ _, /** @type {Palette} */ colours) => {
    layer.element.onchange = () => draw(colours);
    draw(colours);
  };
  return { element, add, update };
}
