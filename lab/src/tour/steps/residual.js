/** @import { Context, TourStep } from "../../types.js" */

import { checkbox, tokenChoice } from "../controls.js";
import { drawing, letterBars, squares } from "../drawings.js";
import { h, html } from "../elements.js";
import { figure, numbers, signLegend } from "../figures.js";
import { headClamp } from "../../model/program.js";
import { isMicrogpt } from "../needs.js";
import { fixed, listed, percent } from "../wording.js";
import { logits, probabilities } from "../float_model.js";

/** @type {TourStep} */
export default {
  id: "residual",
  title: "The residual stream",
  needs: isMicrogpt,
  files: ["trainer/model/decoder.py", "quantize/executor.py", "asm/templates/blocks/add.asm"],
  plain: ({ config }) => html`
    <p>Attention and MLP do not hand their results along like runners a baton. Both write into one shared list of
    ${config.n_embd} numbers, the residual stream: they read it, compute something, and add the result to what
    is there. What was known stays known, unless somebody subtracts it.</p>
    <p>At the end the stream is compared with one list for each of the ${config.vocab_size} tokens; the better it
    fits, the
    higher that token's score. Leave out the attention or the MLP in the figure, and see what the model would say
    without it.</p>`,
  technical: ({ config, lab }) => html`
    <p class="formula">x₀ = norm(wte + wpe);&ensp;x₁ = x₀ + W_o attention(norm(x₀));&ensp;x₂ = x₁ + fc2 act(fc1
    norm(x₁));&ensp;logits = lm_head x₂</p>
    <p>${config.n_layer > 1 ? `So for each of the ${config.n_layer} layers. ` : ""}Sums leave gradients as they
    are, so the loss speaks to the embedding directly. There is no norm before
    lm_head (${config.vocab_size} × ${config.n_embd}).</p>
    <p>On the console a sum is one <code>adc</code>: each row of W_o ends by adding itself to the stream.
    ${
      headClamp(lab).clamp
        ? html`Before lm_head the stream is cut to ±${headClamp(lab).clamp / 256}, so that its sums
        provably fit 16 bits.`
        : ""
    } The squares show the integer model; the bars, which need a model with a part missing, the same weights in
    floating point.</p>`,
  figure(context) {
    const strip = tokenChoice(context);
    /** @type {Record<Half, boolean>} */
    const left = { attention: false, mlp: false };
    const leave = (/** @type {Half} */ name, /** @type {string} */ label) =>
      checkbox(label, false, (checked) => {
        left[name] = checked;
        draw();
      });
    /** @type {{label: string, values: number[]}[]} */
    let rows = [];
    const stream = drawing("The residual stream after each addition, and what was added", (svg, width) =>
      squares(svg, width, rows, { most: 4, labelWidth: 84 }),
    );
    const bars = drawing("How likely each token is to come next", (svg, width) => {
      const whole = nextBars(context, []);
      const shown = nextBars(context, omitted(left)).map((bar, token) => ({ ...bar, ghost: whole[token].value }));
      return letterBars(svg, width, shown, { most: Math.max(...shown.flatMap((bar) => [bar.value, bar.ghost])) });
    });
    const table = numbers(
      () => ["", ...rows[0].values.map((_, i) => i)],
      () => rows.map((row) => [row.label, ...row.values.map((value) => fixed(value))]),
    );
    const fig = figure("The residual stream", {
      controls: [strip.element, leave("attention", "leave out attention"), leave("mlp", "leave out the MLP")],
      body: [
        stream.element,
        signLegend(),
        h("p", { class: "legend" }, "What comes next; a line marks the whole model's answer."),
        bars.element,
      ],
      legend: table.element,
    });
    function draw() {
      rows = streamRows(context);
      stream.redraw();
      bars.redraw();
      table.update();
      const best = (/** @type {Half[]} */ halves) =>
        nextBars(context, halves)
          .sort((a, b) => b.value - a.value)
          .slice(0, 3)
          .map((bar) => `${bar.label} ${percent(bar.value)}`);
      const omit = omitted(left);
      fig.tell(
        `After ${context.symbol(context.tokens[context.position])} in place ${context.position} the whole model expects ` +
          `${listed(best([]))}` +
          (omit.length
            ? `; without ${listed(omit.map((name) => NAMES[name]))} it would expect ${listed(best(omit))}.`
            : "."),
      );
    }
    return {
      element: fig.element,
      update() {
        strip.update();
        draw();
      },
    };
  },
};

/** @typedef {"attention" | "mlp"} Half of a layer */

/** @type {Record<Half, string>} */
const NAMES = { attention: "attention", mlp: "the MLP" };
/** @type {Half[]} */
const HALVES = ["attention", "mlp"];
const omitted = (/** @type {Record<Half, boolean>} */ left) => HALVES.filter((name) => left[name]);

/**
 * The stream, and what is added to it, in order, of the integer model.
 * @param {Context} context
 */
function streamRows(context) {
  const rows = [{ label: "embedding", values: context.values("embed_norm") }];
  for (let layer = 0; layer < context.config.n_layer; layer += 1) {
    const name = (/** @type {string} */ part) => `layer${layer}.${part}`;
    rows.push(
      { label: "+ attention", values: context.values(name("o")) },
      { label: "= stream", values: context.values(name("attention_residual")) },
      { label: "+ MLP", values: context.values(name("fc2")) },
      { label: "= stream", values: context.values(name("mlp_residual")) },
    );
  }
  return rows;
}

/**
 * Probabilities of the next token, in floating point, with parts left out.
 * @param {Context} context
 * @param {Half[]} leaveOut
 */
export function nextBars(context, leaveOut) {
  const { weights, config, tokens, position } = context;
  const shares = probabilities(logits(weights, config, tokens.slice(0, position + 1), { leaveOut })[position]);
  return shares.map((value, token) => ({
    label: context.symbol(token),
    value,
    title: `${context.symbol(token)}: ${percent(value, 1)}`,
  }));
}
