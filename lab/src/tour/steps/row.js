/** @import { Build, CodeLine, CodeRow, Context, Operation, TourStep } from "../../types.js" */

import { roundShift } from "../../model/index.js";
import { headClamp } from "../../model/program.js";
import { button, buttons, slider } from "../controls.js";
import { h, html } from "../elements.js";
import { figure } from "../figures.js";
import { isMicrogpt } from "../needs.js";
import { decimal, fixed } from "../wording.js";
import { ONE } from "../q88.js";
import { halvingsAfter, run, signed } from "../row_code.js";

/** @type {Record<Build["target"], string>} */
const ADD_CLOCKS = { stock: "28 clocks, 28.8 with memory refresh", sa1: "8 clocks of the SA-1" };

/** @type {TourStep} */
export default {
  id: "row",
  title: "A row is a program",
  needs: isMicrogpt,
  files: ["asm/kernels/digit_rows.py", "asm/kernels/row_code.py", "asm/templates/kernels/kernels.asm"],
  plain: ({ lab }) => html`
    <p>Here the weights stop being data. For every row of a matrix a generator writes the additions out, one
    instruction for each digit, the smallest
    digits first. No loop, no table of weights, no test: the program <em>is</em> the row.
    ${
      lab.row
        ? html`This one computes the score of “${lab.symbols[lab.row.row] ?? "end"}” and is copied from the
          cartridge's own source.`
        : ""
    }</p>
    <p>Go through it line by line with the numbers of your word. <code>lda</code> takes an input, <code>adc</code>
    adds one, <code>lsr</code>
    halves what is there. What comes out at the end is, to the last bit, what the console gets.</p>`,
  technical: ({ lab }) => html`
    <p>Inputs are in the direct page twice, as B + x (PLUS) and B − x (MINUS), never negative, so no
    <code>adc</code> overflows and
    the carry is clear after each. <code>lsr</code> leaves the dropped half in the carry and the next
    <code>adc</code> rounds with it.
    B is a multiple of every halving to come, so the sum's bias is a known constant, which the last
    <code>adc</code> takes off.</p>
    <p>An add from the direct page is 2 bytes and ${ADD_CLOCKS[lab.build.target]}.${
      lab.row
        ? html` This row of ${lab.row.matrix}: ${digitsIn(lab.row)} digits,
          ${lab.row.bytes} bytes, ${lab.row.clocks} clocks, B = ${lab.row.bias}.`
        : ""
    } Rows of fc1 also read sums of two inputs that several rows share. Where a sum could pass 65,535, part of the
    bias comes off on the
    way; the range proof decides where.</p>`,
  figure(context) {
    if (!context.lab.row) {
      const fig = figure("A row as code", {});
      return {
        element: fig.element,
        update: () =>
          fig.tell("This model runs on the schoolbook kernel: its rows are data, multiplied in a loop."),
      };
    }
    const row = context.lab.row;
    const after = halvingsAfter(row.lines);
    const before = `Before the first of ${row.lines.length} instructions; ${digitsIn(row)} of them add a digit.`;
    const at = slider({
      label: "Line",
      min: 0,
      max: row.lines.length,
      step: 1,
      value: 0,
      format: (n) => `${n} of ${row.lines.length} run`,
      oninput: () => draw(),
    });
    const go = (/** @type {number} */ line) => {
      at.value = line;
      draw();
    };
    const code = row.lines.map((line, i) =>
      h(
        "li",
        {},
        h("code", {}, line.text),
        h("span", {}, line.comment),
        h("span", { class: "worth" }, worthOf(line, after[i])),
      ),
    );
    const listing = h(
      "ol",
      { class: "listing", "aria-label": `${row.matrix}, row ${row.row}, as 65816 code`, tabindex: 0 },
      code,
    );
    const weights = h("ol", {
      class: "row-weights",
      "aria-label": "The weights of the row and their digits",
      start: 0,
    });
    const fig = figure("A row as code", {
      controls: [
        at.element,
        buttons(
          button("One instruction", () => go(Math.min(at.value + 1, row.lines.length))),
          button("To the end", () => go(row.lines.length)),
          button("Back to the start", () => go(0)),
        ),
      ],
      body: h("div", { class: "row-parts" }, listing, weights),
      captionFirst: true,
    });

    function draw() {
      const x = rowInput(context);
      const states = run(row.lines, row.bias, x);
      const done = at.value;
      code.forEach((line, i) => {
        line.classList.toggle("done", i < done);
        if (i === done - 1) line.setAttribute("aria-current", "step");
        else line.removeAttribute("aria-current");
      });
      showWithin(listing, code[Math.max(done - 1, 0)]);
      /** @type {CodeLine | undefined} */
      const now = row.lines[done - 1];
      weights.replaceChildren(
        ...row.weights.map((weight, i) => weightItem(row, weight, i, x[i], after, done, now?.input === i)),
      );
      fig.tell(now ? tell(context, states[done - 1], done, now, after[done - 1]) : before);
    }

    /**
     * @param {Context} context
     * @param {{a: number, carry: number}} state after the line
     * @param {number} done
     * @param {CodeLine} now
     * @param {number} halvings
     */
    function tell({ pass, position }, { a, carry }, done, now, halvings) {
      const hex = `$${a.toString(16).toUpperCase().padStart(4, "0")}`;
      const worth = worthOf(now, halvings);
      const what = `${now.text}: ${now.comment}${worth ? `, digit ${worth}` : ""}. `;
      if (done < row.lines.length) return `${what}A is ${hex}, the carry ${carry}.`;
      const expected = pass[position].logits[row.row];
      return (
        `${what}The row's result is ${signed(a)}, that is ${fixed(signed(a) / ONE, 4)}; the model's score of ` +
        `“${context.symbol(row.row)}” is ${expected}: ${signed(a) === expected ? "equal" : "DIFFERENT"}.`
      );
    }
    return { element: fig.element, update: draw };
  },
};

/** How many digits a row has. */
const digitsIn = (/** @type {CodeRow} */ { lines }) => lines.filter(({ input }) => input !== undefined).length;

/**
 * What the row of lm_head reads at the chosen place, Q8.8: the residual stream, cut as the model cuts it.
 * @param {Pick<Context, "lab" | "config" | "pass" | "position">} context
 */
export function rowInput({ lab, config, pass, position }) {
  const stream = pass[position].trace[`layer${config.n_layer - 1}.mlp_residual`];
  const { clamp, shift } = headClamp(lab);
  return Array.from(stream, (value) => roundShift(Math.min(Math.max(value, -clamp), clamp), shift));
}

/**
 * The digit a line is: "+1/4", or nothing where it reads no input.
 * @param {Operation} line
 * @param {number} halvings
 */
export function worthOf(line, halvings) {
  if (line.input === undefined) return "";
  return `${line.sign > 0 ? "+" : "−"}${halvings ? `1/${2 ** halvings}` : "1"} of x[${line.input}]`;
}

/**
 * @param {CodeRow} row
 * @param {number} weight
 * @param {number} i
 * @param {number} x
 * @param {number[]} after
 * @param {number} done
 * @param {boolean} current
 */
function weightItem(row, weight, i, x, after, done, current) {
  const digits = row.lines
    .map((line, n) => ({ line, n }))
    .filter(({ line }) => line.input === i)
    .map(({ line: { sign = 0 }, n }) =>
      h(
        "span",
        { class: n < done ? "digit done" : "digit" },
        `${sign > 0 ? "+" : "−"}${after[n] ? `1/${2 ** after[n]}` : "1"}`,
      ),
    )
    .reverse();
  return h(
    "li",
    { "aria-current": current ? "true" : null },
    h("span", { class: "weight" }, `w[${i}] = ${decimal(weight / (ONE * 2 ** row.exponent), 4)}`),
    digits.length ? digits : h("span", { class: "digit" }, "none"),
    h("small", {}, `x = ${fixed(x / ONE)}`),
  );
}

/**
 * Scroll a list, not the page, until an item of it is seen.
 * @param {HTMLElement} list
 * @param {HTMLElement} item
 */
function showWithin(list, item) {
  const above = item.offsetTop;
  if (above < list.scrollTop || above + item.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = above - list.clientHeight / 2;
  }
}
