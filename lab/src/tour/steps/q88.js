/** @import { TourStep } from "../../types.js" */

import { roundShift } from "../../model/index.js";
import { button, slider } from "../controls.js";
import { h, html, uniqueId } from "../elements.js";
import { figure } from "../figures.js";
import { decimal, fixed, grouped } from "../wording.js";
import { ONE, WORD_MAX, WORD_MIN, bitsOf, flipBit, toQ88 } from "../q88.js";

/** @type {TourStep} */
export default {
  id: "q88",
  title: "Q8.8: fractions without floats",
  files: ["quantize/fixed.py", "quantize/convert.py", "quantize/ranges.py"],
  plain: () => html`
    <p>The console's processor knows whole numbers up to 65,535: no fractions, and for products only small helpers
    outside of it. So the model counts in 256ths. 1.5 becomes 384; adding two such numbers is adding, and the machine need not know
    what they stand for.</p>
    <p>A 256th is fine enough: the nearest is never farther away than half of one. Two things need care. A product
    of two such
    numbers counts in 65,536ths and must be brought back, with one rule for the bits that fall off. And nothing
    may grow past 128, or it would come out negative. That this cannot happen, with any text, is proved from the
    weights
    before a cartridge is built.</p>`,
  technical: ({ lab }) => html`
    <p class="formula">v stands for v / 256, −32,768 ≤ v ≤ 32,767;&ensp;round(v / 2ᵏ) = ⌊(v + 2ᵏ⁻¹) / 2ᵏ⌋</p>
    <p>Halves round up, everywhere: on the 65816 <code>lsr</code> leaves the dropped half in the carry, and the next
    <code>adc</code> adds it for nothing. All rounding, shifting and saturating of the project is in one file.</p>
    <p>Ranges: behind a norm a vector is inside a ball, so by Cauchy–Schwarz a row's result is at most its length
    times the radius; sums, clamps
    and averages carry such bounds on through the whole schedule.${
      lab.training.nll_float && lab.training.nll_integer
        ? ` The price of all integers together, in held-out loss:
        ${fixed(lab.training.nll_integer - lab.training.nll_float, 4)} nats.`
        : ""
    }</p>`,
  figure(context) {
    let word = toQ88(context.values(context.lab.config.family === "microgpt" ? "embed_norm" : "embed")[0]);
    const id = uniqueId("number");
    const entry = h("input", {
      id,
      type: "number",
      min: WORD_MIN / ONE,
      max: WORD_MAX / ONE,
      step: "any",
      oninput: () => {
        if (entry.value === "" || !Number.isFinite(Number(entry.value))) return;
        wanted = Number(entry.value);
        word = toQ88(wanted);
        draw();
      },
    });
    let wanted = word / ONE;
    entry.value = String(wanted);
    const bits = Array.from({ length: 16 }, (_, i) =>
      button("0", () => {
        word = flipBit(word, 15 - i);
        wanted = word / ONE;
        entry.value = String(wanted);
        draw();
      }),
    );
    const factor = slider({
      label: "Multiply by",
      min: -4,
      max: 4,
      step: 1 / ONE,
      value: 1.5,
      format: (value) => `${decimal(value, 4)} = ${grouped(value * ONE).replace("-", "−")} / 256`,
      oninput: () => draw(),
    });
    const product = h("ol", { class: "lines" });
    const fig = figure("A number in Q8.8", {
      controls: [
        h("div", { class: "field" }, h("label", { for: id }, "A number from −128 to 127.99"), entry),
        factor.element,
      ],
      body: [
        h(
          "div",
          { class: "bits", role: "group", "aria-label": "The sixteen bits, highest first: press to flip" },
          bits,
        ),
        h(
          "p",
          { class: "legend" },
          "Worth, from the left: −128, 64 … 1, then 1/2 … 1/256. Press a bit to flip it.",
        ),
        product,
      ],
    });
    function draw() {
      bitsOf(word).forEach((bit, i) => {
        bits[i].textContent = String(bit);
        bits[i].setAttribute("aria-pressed", String(bit === 1));
        bits[i].setAttribute("aria-label", `${bitWorth(15 - i)}: ${bit}`);
      });
      const other = toQ88(factor.value);
      const exact = word * other;
      const result = roundShift(exact, 8);
      const overflows = result > WORD_MAX || result < WORD_MIN;
      product.replaceChildren(
        h("li", {}, `${minus(word)} × ${minus(other)} = ${minus(exact)}, counted in 65,536ths`),
        h("li", {}, `halves up, over 256: ${minus(result)}, counted in 256ths`),
        h(
          "li",
          {},
          overflows
            ? "does not fit 16 bits: this must never happen"
            : `which stands for ${fixed(result / ONE, 4)}; exactly: ${fixed((word / ONE) * factor.value, 6)}`,
        ),
      );
      const off = wanted - word / ONE;
      const cut = wanted > WORD_MAX / ONE || wanted < WORD_MIN / ONE;
      fig.tell(
        `${decimal(wanted, 8)} is kept as the integer ${minus(word)}, which stands for ${decimal(word / ONE, 8)}; ` +
          (cut
            ? "it is outside the range and was cut."
            : `off by ${decimal(off, 6)}, at most half a 256th (0.001953).`),
      );
    }
    return { element: fig.element, update: draw };
  },
};

const minus = (/** @type {number} */ integer) => grouped(integer).replace("-", "−");

/** @param {number} bit */
function bitWorth(bit) {
  if (bit === 15) return "−128";
  return bit >= 8 ? String(2 ** (bit - 8)) : `1/${2 ** (8 - bit)}`;
}
