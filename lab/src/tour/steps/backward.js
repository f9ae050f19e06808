/**
 * @import { Context, TourStep, Weights } from "../../types.js"
 * @import { Num } from "../value.js"
 */

import { find } from "../../dom.js";
import { button } from "../controls.js";
import { h, html } from "../elements.js";
import { figure } from "../figures.js";
import { fixed, grouped } from "../wording.js";
import { logits, loss } from "../float_model.js";
import { Value, backward, dot, log, multiply, plain, softmax } from "../value.js";
import { isMicrogpt } from "../needs.js";

const SHOWN = 8;
const NUDGE = 1e-3;

/** @type {TourStep} */
export default {
  id: "backward",
  title: "Backward: who is to blame?",
  needs: isMicrogpt,
  files: ["trainer/model/scalar.py", "trainer/model/decoder.py", "tests/trainer/test_scalar.py"],
  plain: ({ config }) => html`
    <p>The loss says how bad the guesses were. Going backward finds out why. Begin at the loss and ask: which
    numbers were you
    made from, and how would you change if they did? Then ask those, and so on, until the answers are
    weights.</p>
    <p>In the figure the loss is that of your word, and every number on the way from the
    ${grouped(config.n_params)} weights to it is there. Choose one to see what it was
    made from. A gradient of −0.2 means: a little more of this number, and the loss falls by a fifth of that
    little. At a weight, test it: nudge the weight and compute the whole word again.</p>`,
  technical: () => html`
    <p>The graph is the float forward pass on Values; a sum of products is one node with two parents a term, so a
    word has a few thousand nodes. Backward starts from</p>
    <p class="formula">∂loss/∂logits = (p − onehot(target)) / n</p>
    <p>and continues with Wᵀ dy for inputs, dy xᵀ for weights, the gate's mask, softmax's Jacobian, and
    rmsnorm's dx = s (dy − y · mean(dy · y)). Where a number is used twice (a residual, a key that many
    positions read) its gradients add up.</p>
    <p>The trainer writes these formulas out for whole batches. Finite differences check the graph here, the
    graph's Python twin
    checks the trainer.</p>`,
  figure(context) {
    /** @type {ReturnType<typeof lossGraph> | null} */
    let graph = null;
    /** @type {Value[]} */
    let path = [];
    const last = () => path[path.length - 1];
    const trail = h("ol", { class: "trail", "aria-label": "From the loss to the chosen number" });
    const made = h("ol", { class: "made" });
    const madeTitle = h("p", { class: "made-title" });
    const check = h("p", { class: "check", role: "status" });
    const nudge = button("Nudge this weight and compute again", () => {
      if (!graph) return;
      const weight = last();
      const found = nudgedSlope(context, graph, weight);
      check.textContent =
        `${NUDGE} more and ${NUDGE} less of ${weight.name} move the loss with a slope of ${fixed(found, 6)}; ` +
        `going backward said ${fixed(weight.grad, 6)}.`;
    });
    const blame = button("Follow the largest gradient to a weight", () => {
      while (last().parents.length) path.push(parentsOf(last())[0].parent);
      draw();
    });
    const fig = figure("From the loss back to the weights", {
      controls: [button("Back to the loss", () => open(0)), blame],
      body: [trail, madeTitle, made, nudge, check],
      captionFirst: true,
    });

    function open(/** @type {number} */ depth) {
      path = path.slice(0, depth + 1);
      draw();
    }

    function draw() {
      check.textContent = "";
      const value = last();
      trail.replaceChildren(
        ...path.map((step, depth) =>
          h(
            "li",
            {},
            button(step.name, () => open(depth), { "aria-current": depth === path.length - 1 ? "step" : null }),
          ),
        ),
      );
      const parents = parentsOf(value);
      const most = Math.max(...parents.map(({ parent }) => Math.abs(parent.grad)), 1e-12);
      made.replaceChildren(...parents.slice(0, SHOWN).map((entry) => row(entry, most)));
      nudge.hidden = parents.length > 0;
      madeTitle.textContent = parents.length
        ? `${value.name} is a ${value.how} of ${parents.length} number${parents.length > 1 ? "s" : ""}` +
          (parents.length > SHOWN ? `; the ${SHOWN} with the largest gradients:` : ":")
        : `${value.name} is a weight: it was made from nothing.`;
      fig.tell(`${value.name} is ${fixed(value.data, 4)}; its gradient, ∂loss/∂this, is ${fixed(value.grad, 5)}.`);
    }

    /**
     * @param {ReturnType<typeof parentsOf>[number]} entry
     * @param {number} most
     */
    function row({ parent, slope }, most) {
      const share = Math.abs(parent.grad) / most;
      return h(
        "li",
        {},
        button(parent.name, () => {
          path.push(parent);
          draw();
          find(trail, "[aria-current]", HTMLElement).focus();
        }),
        h("span", { class: "number" }, `is ${fixed(parent.data, 3)}`),
        h("span", { class: "number" }, `slope ${fixed(slope, 3)}`),
        h("span", { class: "number" }, `gradient ${fixed(parent.grad, 4)}`),
        h("span", { class: `amount ${parent.grad < 0 ? "negative" : "positive"}`, style: `--share: ${share}` }),
      );
    }
    return {
      element: fig.element,
      update() {
        if (graph?.word !== context.word) {
          graph = lossGraph(context);
          path = [graph.loss];
        }
        draw();
      },
    };
  },
};

/**
 * Parents with their slopes, each once, the largest gradient first.
 * @param {Value} value
 */
export function parentsOf(value) {
  /** @type {Map<Value, number>} */
  const slopes = new Map();
  value.parents.forEach((parent, i) => slopes.set(parent, (slopes.get(parent) ?? 0) + value.slopes[i]));
  return [...slopes]
    .map(([parent, slope]) => ({ parent, slope }))
    .sort((a, b) => Math.abs(b.parent.grad) - Math.abs(a.parent.grad));
}

/**
 * The word's mean loss as a graph down to every weight, gradients computed, every number with a name.
 * @param {Pick<Context, "weights" | "config" | "document" | "symbol" | "word">} context
 */
export function lossGraph({ weights, config, document, symbol, word }) {
  const values = mapWeights(weights, (number, tensor, r, c) => named(new Value(number), `${tensor}[${r}, ${c}]`));
  const note = (/** @type {string} */ name, /** @type {Value[]} */ vector, /** @type {number} */ position) =>
    vector.forEach((value, i) =>
      named(
        value,
        name === "score" ? `score of ${symbol(i)}, place ${position}` : `${name}[${i}], place ${position}`,
      ),
    );
  const scores = logits(values, config, document.slice(0, -1), { note });
  const each = scores.map((row, position) => {
    const target = document[position + 1];
    const share = named(softmax(row)[target], `share of ${symbol(target)}, place ${position}`);
    const nats = named(log(share), `ln share of ${symbol(target)}, place ${position}`);
    return named(multiply(nats, -1), `loss of ${symbol(target)}, place ${position}`);
  });
  const last = named(
    dot(
      each,
      each.map(() => 1 / each.length),
    ),
    "mean loss",
  );
  backward(last).forEach((value) => (value.name ||= value.how));
  return { loss: last, values, word };
}

/**
 * The value, with a name unless it has one.
 * @param {Value} value
 * @param {string} name
 */
function named(value, name) {
  if (!value.name) value.name = name;
  return value;
}

/**
 * @template {Num} N
 * @param {Weights} weights
 * @param {(number: number, tensor: string, r: number, c: number) => N} change
 * @returns {Weights<N>}
 */
const mapWeights = (weights, change) =>
  Object.fromEntries(
    Object.entries(weights).map(([tensor, rows]) => [
      tensor,
      rows.map((row, r) => row.map((number, c) => change(number, tensor, r, c))),
    ]),
  );

/**
 * ∂loss/∂weight by central difference on the plain float model.
 * @param {Pick<Context, "weights" | "config" | "document">} context
 * @param {ReturnType<typeof lossGraph>} graph
 * @param {Value} weight
 */
export function nudgedSlope({ weights, config, document }, graph, weight) {
  const at = (/** @type {number} */ by) =>
    plain(
      loss(
        mapWeights(weights, (number, tensor, r, c) =>
          graph.values[tensor][r][c] === weight ? number + by : number,
        ),
        config,
        [document],
      ),
    );
  return (at(NUDGE) - at(-NUDGE)) / (2 * NUDGE);
}
