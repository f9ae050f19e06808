/** @import { ModelData, TourStep } from "../../types.js" */

import { roundShift, terms } from "../../model/index.js";
import { digitMatrices } from "../../model/program.js";
import { selection, slider } from "../controls.js";
import { drawing, letterBars } from "../drawings.js";
import { h, html } from "../elements.js";
import { figure } from "../figures.js";
import { decimal, fixed, percent } from "../wording.js";
import { ONE } from "../q88.js";

/** @type {TourStep} */
export default {
  id: "digits",
  title: "A weight as a few digits",
  files: ["quantize/digits.py", "quantize/kernels/digit_rows.py", "trainer/training/digit_projection.py"],
  plain: ({ lab }) => html`
    <p>Multiplying is what this machine does worst. Adding and halving it does well. So each weight is written with
    few
    digits, but of a special kind: powers of two, each with a sign. 0.875 is a half and a quarter and an eighth,
    or, shorter, 1 less an eighth: two digits.</p>
    <p>To multiply by such a power is to halve a few times, and a whole row can share its halvings, so a weight of
    two digits costs two
    additions. A
    weight of no digits costs nothing.
    ${
      Object.keys(lab.training.digits_per_weight).length
        ? html`Training chose weights that need ${decimal(mean(Object.values(lab.training.digits_per_weight)), 1)}
        on
          average, and lost very little by it.`
        : ""
    } Nothing is multiplied in the large matrices any more: the weights have turned into additions.</p>`,
  technical: () => html`
    <p class="formula">w = Σ dₖ 2⁻ᵏ, dₖ ∈ {−1, 0, 1};&ensp;y = Σₖ 2⁻ᵏ Tₖ x</p>
    <p>The non-adjacent form, no two neighbouring digits both non-zero, is the one with the fewest; it is read off
    the low two bits:
    d = 0 if even, else 2 − (w mod 4). Tₖ, the plane of all digits of weight 2⁻ᵏ, is a ternary matrix.</p>
    <p>A row goes by Horner's rule over its planes, least significant first: halve the sum with rounding, add the
    next plane's
    inputs. So a row has as many roundings as planes, and no shifted copies. By columns (fc2), each
    input is rounded to each shift once and added where a digit is. That is another rounding, hence another kernel;
    Python and
    console agree on each of them bit for bit.</p>`,
  figure(context) {
    const { lab } = context;
    const tensors = digitMatrices(lab);
    const named = tensors.length ? tensors : ["lm_head"];
    let tensor = named[0];
    const matrix = selection({
      label: "Matrix",
      options: named.map((name) => ({ label: name, value: name })),
      value: tensor,
      onchange: (value) => {
        tensor = value;
        begin();
        draw();
      },
    });
    const row = slider({ label: "Row", min: 0, max: 0, step: 1, value: 0, oninput: () => draw() });
    const column = slider({ label: "Column", min: 0, max: 0, step: 1, value: 0, oninput: () => draw() });
    const input = slider({ label: "Input x", min: -4, max: 4, step: 1 / ONE, value: 1.5, oninput: () => draw() });
    const lines = h("ol", { class: "lines" });
    const histogram = drawing("How many weights of the matrix have 0, 1, 2 … digits", (svg, width) => {
      const counts = digitCounts(lab, tensor);
      const all = counts.reduce((a, b) => a + b, 0);
      return letterBars(
        svg,
        Math.min(width, 60 * counts.length),
        counts.map((count, digits) => ({
          label: `${digits}`,
          value: count / all,
          kind: digits === current().length ? "true" : "",
          title: `${digits} digits: ${count} weights`,
        })),
        { height: 110, most: Math.max(...counts) / all },
      );
    });
    const fig = figure("A weight in signed powers of two", {
      controls: [matrix, row.element, column.element, input.element],
      body: [
        lines,
        h("p", { class: "legend" }, "Weights of this matrix by their number of digits:"),
        histogram.element,
      ],
    });
    /** At the matrix' first weight of most digits. */
    const begin = () => {
      const [rows, columns] = lab.tensors[tensor].shape;
      const most = digitCounts(lab, tensor).length - 1;
      const digitsAt = (/** @type {number} */ i) => digitsOf(lab, tensor, Math.floor(i / columns), i % columns).length;
      const first = Array.from({ length: rows * columns }, (_, i) => i).findIndex((i) => digitsAt(i) === most);
      row.max = rows - 1;
      column.max = columns - 1;
      row.value = Math.floor(first / columns);
      column.value = first % columns;
    };
    const current = () => digitsOf(lab, tensor, row.value, column.value);

    function draw() {
      const { point, weight } = weightAt(lab, tensor, row.value, column.value);
      const digits = current();
      const x = Math.round(input.value * ONE);
      const line = (/** @type {Digit} */ { sign, power }) => {
        const what = `${sign > 0 ? "add" : "subtract"} ${shiftText(power)}`;
        return h(
          "li",
          {},
          `${digitText({ sign, power })}: ${what}, ${decimal(sign * input.value * 2 ** power, 5)}`,
        );
      };
      lines.replaceChildren(...digits.map(line));
      if (!digits.length) lines.replaceChildren(h("li", {}, "No digit: this weight is zero and costs nothing."));
      histogram.redraw();
      const sum = digits.reduce((total, { sign, power }) => total + sign * roundShift(x, -power), 0);
      const counts = digitCounts(lab, tensor);
      const weights = counts.reduce((a, b) => a + b, 0);
      fig.tell(
        `${tensor}[${row.value}, ${column.value}] is ${decimal(weight)} / ${point} = ${decimal(weight / point, 6)}: ` +
          `${digits.length} signed digit${digits.length === 1 ? "" : "s"}` +
          `${digits.length ? ` (${digits.map(digitText).join(" ")})` : ""}, ${ones(weight)} in plain binary. ` +
          `Times ${decimal(x / ONE, 4)}, each digit rounded to 256ths, it is ${fixed(sum / ONE, 4)}. ` +
          `${percent(counts[0] / weights)} of this matrix are zero, and there are ` +
          `${fixed(counts.reduce((total, count, n) => total + count * n, 0) / weights)} digits a weight.`,
      );
    }
    begin();
    return { element: fig.element, update: draw };
  },
};

/** @typedef {{sign: number, power: number}} Digit */

const mean = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0) / values.length;

/** How many ones the magnitude has in plain binary. */
const ones = (/** @type {number} */ weight) => Math.abs(weight).toString(2).replaceAll("0", "").length;

const digitText = (/** @type {Digit} */ { sign, power }) => `${sign > 0 ? "+" : "−"}${powerText(power)}`;

const powerText = (/** @type {number} */ power) => (power === 0 ? "1" : `1/${2 ** -power}`);

const shiftText = (/** @type {number} */ power) =>
  (power === 0 ? "x" : `x halved ${-power} time${power === -1 ? "" : "s"}`);

/**
 * {weight, point}: the integer at a place of a matrix, and what it is divided by.
 * @param {Pick<ModelData, "tensors" | "exponents">} model
 * @param {string} tensor
 * @param {number} r
 * @param {number} c
 */
function weightAt({ tensors, exponents }, tensor, r, c) {
  const { shape, values } = tensors[tensor];
  return { weight: values[r * shape[1] + c], point: ONE * 2 ** (exponents[tensor] ?? 0) };
}

/**
 * The signed powers of two of a weight, largest first; units above 1 are repeated ones, as the kernel adds them.
 * @param {Pick<ModelData, "tensors" | "exponents">} model
 * @param {string} tensor
 * @param {number} r
 * @param {number} c
 * @returns {Digit[]}
 */
export function digitsOf(model, tensor, r, c) {
  const { weight, point } = weightAt(model, tensor, r, c);
  return terms(weight, Math.log2(point / ONE))
    .flatMap(({ shift, digit }) =>
      Array.from({ length: Math.abs(digit) }, () => ({ sign: Math.sign(digit), power: -shift })),
    )
    .reverse();
}

/**
 * How many weights of a tensor have 0, 1, 2 … digits.
 * @param {Pick<ModelData, "tensors" | "exponents">} model
 * @param {string} tensor
 */
export function digitCounts(model, tensor) {
  const [rows, columns] = model.tensors[tensor].shape;
  /** @type {number[]} */
  const counts = [];
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      const count = digitsOf(model, tensor, r, c).length;
      counts[count] = (counts[count] ?? 0) + 1;
    }
  }
  return Array.from(counts, (count) => count ?? 0);
}
