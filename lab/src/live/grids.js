/**
 * Embedding, residual stream, hidden units and attention of the newest token, as cells.
 * @import { Lab, LiveFigure, LoggedToken, ModelConfig, Palette, Tensor } from "../types.js"
 */

import { find } from "../dom.js";
import { drawCells, inRows } from "./cells.js";

const Q8 = 256;

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
 * The stages of the residual stream, in order: [name in the trace, label].
 * @param {ModelConfig} config
 */
function stages({ n_layer: layers }) {
  const many = layers > 1;
  /** @type {[name: string, label: string][]} */
  const list = [["embed_norm", "embedding, scaled"]];
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
export function residualFigure({ config }) {
  const element = figure("Residual stream", `${config.n_embd} numbers a stage; orange below zero, blue above.`);
  const rows = stages(config).map(([name, label]) => ({ name, canvas: labelled(element, label) }));
  const update = (/** @type {LoggedToken} */ record, /** @type {Palette} */ colours) => {
    const found = rows.map(({ name, canvas }) => ({ values: record.values(name), canvas }));
    const largest = Math.max(Q8, ...found.map(({ values }) => Math.max(...values.map(Math.abs))));
    for (const { values, canvas } of found) {
      drawCells(canvas, [[...values]], (value) => colours.signed(value / largest));
    }
  };
  return { element, update };
}

/**
 * Token and position embedding, added, and scaled to length one: what the model begins with.
 * @param {Lab} lab
 * @returns {LiveFigure}
 */
export function embeddingFigure({ config, tensors }) {
  const element = figure("Embedding", "the token's row of the table, the position's row, and their scaled sum.");
  const token = labelled(element, "token");
  const position = labelled(element, "position");
  const sum = labelled(element, "sum, scaled");
  const row = (/** @type {Tensor} */ tensor, /** @type {number} */ n) =>
    tensor.values.slice(n * config.n_embd, (n + 1) * config.n_embd);
  const update = (/** @type {LoggedToken} */ record, /** @type {Palette} */ colours) => {
    const [first, second] = [row(tensors.wte, record.token), row(tensors.wpe, record.position)];
    const parts = [first, second, [...record.values("embed_norm")]];
    [token, position, sum].forEach((canvas, i) => {
      const largest = Math.max(...parts[i].map(Math.abs), 1);
      drawCells(canvas, [parts[i]], (value) => colours.signed(value / largest));
    });
  };
  return { element, update };
}

/**
 * @param {Lab} lab
 * @returns {LiveFigure}
 */
export function hiddenFigure({ config }) {
  const element = figure("Hidden units", "");
  const note = find(element, "figcaption", HTMLElement).appendChild(document.createElement("span"));
  const canvases = Array.from({ length: config.n_layer }, (_, n) =>
    labelled(element, config.n_layer > 1 ? `layer ${n + 1}` : "gated"),
  );
  const update = (/** @type {LoggedToken} */ record, /** @type {Palette} */ colours) => {
    let active = 0;
    canvases.forEach((canvas, layer) => {
      const values = record.values(`layer${layer}.activation`);
      const largest = Math.max(...values, 1);
      active += values.filter((value) => value !== 0).length;
      drawCells(canvas, inRows(values, 16), (value) => (value === 0 ? colours.off : colours.signed(value / largest)));
    });
    note.textContent = `${active} of ${config.n_hidden * config.n_layer} active; the dark ones are exactly zero.`;
  };
  return { element, update };
}

/**
 * One triangle a head: row = the token that looks, column = the token looked at.
 * @param {Lab} lab
 */
export function attentionFigure({ config, symbols }) {
  const { n_head: heads, n_layer: layers, block_size: context } = config;
  const element = figure("Attention", "");
  const note = find(element, "figcaption", HTMLElement).appendChild(document.createElement("span"));
  const grid = element.appendChild(document.createElement("div"));
  grid.className = "heads";
  const canvases = Array.from({ length: layers * heads }, (_, n) =>
    labelled(grid, `${layers > 1 ? `layer ${Math.floor(n / heads) + 1}, ` : ""}head ${(n % heads) + 1}`),
  );
  /** @type {number[][][]} per head: rows of shares by position */
  const history = canvases.map(() => []);
  /** @type {number[]} */
  const tokens = [];
  /** Takes every record, also those that are never drawn. */
  const add = (/** @type {LoggedToken} */ record) => {
    tokens.length = record.position;
    tokens.push(record.token);
    for (let layer = 0; layer < layers; layer++) {
      const weights = record.values(`layer${layer}.attention.weights`);
      for (let head = 0; head < heads; head++) {
        const own = weights.slice(head * context, head * context + record.position + 1);
        const total = own.reduce((sum, weight) => sum + weight, 0) || 1;
        const rows = history[layer * heads + head];
        rows.length = Math.min(rows.length, record.position);
        rows[record.position] = [...own].map((weight) => weight / total);
      }
    }
  };
  const update = (/** @type {LoggedToken} */ _, /** @type {Palette} */ colours) => {
    note.textContent = `rows look at columns: ${tokens.map((token) => symbols[token] ?? "·").join(" ")}`;
    canvases.forEach((canvas, n) => {
      const rows = Array.from({ length: context }, (_, y) =>
        Array.from({ length: context }, (_, x) => history[n][y]?.[x] ?? null),
      );
      drawCells(canvas, rows, colours.share);
    });
  };
  return { element, add, update };
}
