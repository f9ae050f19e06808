/**
 * A grid of numbers as coloured cells on a canvas: signed values from orange over neutral to blue, exact zeros dark if
 * asked.
 * @import { Palette } from "../types.js"
 */

import { scaleLinear } from "d3-scale";

const GAP = 1;

/**
 * The page's colours for cells, read from its style. Read again when the scheme changes.
 * @returns {Palette}
 */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  const [negative, zero, positive, off, accent] = ["negative", "zero", "positive", "off", "accent"].map(colour);
  return {
    signed: scaleLinear([-1, 0, 1], [negative, zero, positive]).clamp(true),
    share: scaleLinear([0, 1], [zero, accent]).clamp(true),
    off,
  };
}

/**
 * Draws rows of values into `canvas`, each with the colour that paint(value) gives.
 * The canvas gets `cell` pixels a cell; its style decides how large it is shown.
 * @param {HTMLCanvasElement} canvas
 * @param {(number | null)[][]} rows null for an empty cell
 * @param {(value: number) => string} paint
 */
export function drawCells(canvas, rows, paint, cell = 12) {
  const columns = Math.max(...rows.map((row) => row.length));
  const [width, height] = [columns * cell, rows.length * cell];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, width, height);
  const gap = cell > 2 * GAP ? GAP : 0;
  rows.forEach((row, y) =>
    row.forEach((value, x) => {
      if (value === null) return;
      context.fillStyle = paint(value);
      context.fillRect(x * cell, y * cell, cell - gap, cell - gap);
    }),
  );
}

/**
 * `values` cut into rows of `length`.
 * @param {number[]} values
 * @param {number} length
 */
export function inRows(values, length) {
  return Array.from({ length: Math.ceil(values.length / length) }, (_, y) => values.slice(y * length, (y + 1) * length));
}
