/**
 * @import { Context, Svg, TourStep, Weights } from "../../types.js"
 * @import { State } from "../adam.js"
 * @import { Num } from "../value.js"
 */

import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { BETA1, BETA2, start, step } from "../adam.js";
import { button, buttons, selection, slider } from "../controls.js";
import { MARGIN, axes, drawing, single } from "../drawings.js";
import { html } from "../elements.js";
import { figure } from "../figures.js";
import { fixed } from "../wording.js";
import { loss } from "../float_model.js";
import { Value, backward, plain } from "../value.js";
import { isMicrogpt } from "../needs.js";

const DOCUMENTS = 6;
const REACH = 2.5;
const POINTS = 41;
const PER_TOKEN = ["lm_head", "wte"];
const TENSORS = ["lm_head", "layer0.fc1", "layer0.wv", "wte"];

/** @type {TourStep} */
export default {
  id: "adam",
  title: "Adam: how large a step",
  needs: isMicrogpt,
  files: ["trainer/training/adam.py", "lab/src/tour/adam.js"],
  plain: ({ lab }) => html`
    <p>The gradient says which way is down, not how far to go. A steep slope may be a short ditch, a flat one a long
    way. Adam, the usual rule, keeps two memories for every weight: where the gradient has been pointing lately,
    and how large it usually is. It steps in the first direction, divided by the second.</p>
    <p>So a weight with small but steady gradients moves as fast as one with large ones, and one that is pulled to
    and fro
    moves little. The hill in the figure is real: the loss on ${Math.min(DOCUMENTS, lab.documents.length)} training
    names when one weight of the
    model changes and the others stay. Push the weight off its place and let Adam bring it back.</p>`,
  technical: ({ lab }) => html`
    <p class="formula">m ← β₁m + (1−β₁)g,&ensp;v ← β₂v + (1−β₂)g²,&ensp;w ← w − lr · m̂ / (√v̂ + 10⁻⁸)</p>
    <p>m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ) undo the start from zero; β₁ = ${BETA1}, β₂ = ${BETA2}. The first step has
    the
    length lr, whatever the gradient. Weight decay is decoupled: each step also shrinks weights by lr · λ.
    ${
      lab.training.learning_rate
        ? html`In training lr began at ${lab.training.learning_rate} and fell linearly to zero; the figure's is
    larger, for it has one weight and little time.`
        : ""
    }</p>
    <p>Curve and gradient are computed here, from the float model: the curve by ${POINTS} forward passes, the
    gradient by
    going backward with only this weight remembered. Its lowest point need not be the trained value: that is a
    compromise
    with all other names.</p>`,
  figure(context) {
    const slices = TENSORS.map((tensor) => slice(context, tensor));
    let current = slices[0];
    /** @type {State[]} */
    let states = [];
    const begin = slider({
      label: "Start this far from the trained value",
      min: -REACH,
      max: REACH,
      step: 0.1,
      value: -2,
      oninput: () => restart(),
    });
    const rate = slider({
      label: "Learning rate",
      min: 0.01,
      max: 0.5,
      step: 0.01,
      value: 0.15,
      oninput: () => draw(),
    });
    const weight = selection({
      label: "Weight",
      options: slices.map(({ name }, value) => ({ label: name, value })),
      value: 0,
      onchange: (value) => {
        current = slices[value];
        restart();
      },
    });
    const go = (/** @type {number} */ count) => {
      for (let i = 0; i < count; i += 1) {
        const state = last();
        states.push(step(state, current.gradient(state.weight), rate.value));
      }
      draw();
    };
    const picture = drawing("Loss against one weight, and Adam's steps on it", (svg, width) =>
      drawSlice(svg, width, current, states),
    );
    const fig = figure("Adam on one weight of the model", {
      controls: [
        weight,
        begin.element,
        rate.element,
        buttons(
          button("One step", () => go(1)),
          button("Ten steps", () => go(10)),
          button("Start again", () => restart()),
        ),
      ],
      body: [picture.element],
    });
    const last = () => states[states.length - 1];
    function restart() {
      states = [start(current.trained + begin.value)];
      draw();
    }
    function draw() {
      picture.redraw();
      const state = last();
      fig.tell(
        `${current.name}, trained to ${fixed(current.trained, 3)}: ` +
          `after ${state.updates} steps it is ${fixed(state.weight, 3)}, loss ${fixed(current.loss(state.weight), 4)}, ` +
          `gradient ${fixed(current.gradient(state.weight), 4)}, m ${fixed(state.m, 4)}, v ${state.v.toPrecision(2)}.`,
      );
    }
    return {
      element: fig.element,
      update() {
        if (!states.length) restart();
        else picture.redraw();
      },
    };
  },
};

/**
 * The loss on a few documents as a function of one weight of a tensor, all others as trained: of the largest, where
 * rows are tokens of the commonest token's largest.
 * @param {Pick<Context, "lab" | "config" | "model" | "weights">} context
 * @param {string} tensor
 */
export function slice({ lab, config, model, weights }, tensor) {
  const documents = lab.documents
    .slice(0, DOCUMENTS)
    .map((text) => [config.bos, ...model.encode(text), config.bos]);
  const tokens = documents.flatMap((document) => document.slice(1, -1));
  const [r, c, trained] = largest(weights[tensor], PER_TOKEN.includes(tensor) ? commonest(tokens) : null);
  const at = (/** @type {Num} */ value) => loss(replaced(weights, tensor, r, c, value), config, documents);
  /** @type {[weight: number, nats: number][] | null} */
  let curve = null;
  return {
    name: `${tensor}[${r}, ${c}]`,
    trained,
    loss: (/** @type {number} */ value) => plain(at(value)),
    gradient(/** @type {number} */ value) {
      const tracked = new Value(value);
      const result = at(tracked);
      if (typeof result === "number") return 0; // none of the documents reads this weight
      backward(result);
      return tracked.grad;
    },
    get curve() {
      curve ??= Array.from({ length: POINTS }, (_, i) => {
        const value = trained + REACH * 1.2 * ((2 * i) / (POINTS - 1) - 1);
        return [value, plain(at(value))];
      });
      return curve;
    },
  };
}

/**
 * The most frequent of some tokens.
 * @param {number[]} tokens
 */
function commonest(tokens) {
  const count = (/** @type {number} */ token) => tokens.filter((other) => other === token).length;
  return tokens.reduce((best, token) => (count(token) > count(best) ? token : best));
}

/**
 * [row, column, weight] of the largest magnitude, of one row if it is given.
 * @param {number[][]} rows
 * @param {number | null} only
 * @returns {[row: number, column: number, weight: number]}
 */
function largest(rows, only) {
  /** @type {[row: number, column: number, weight: number][]} */
  const all = rows.flatMap((row, r) =>
    only === null || only === r ? row.map((value, c) => /** @type {[number, number, number]} */ ([r, c, value])) : [],
  );
  return all.reduce((best, entry) => (Math.abs(entry[2]) > Math.abs(best[2]) ? entry : best));
}

/**
 * All weights, one of them another.
 * @param {Weights} weights
 * @param {string} tensor
 * @param {number} r
 * @param {number} c
 * @param {Num} value
 * @returns {Weights<Num>}
 */
function replaced(weights, tensor, r, c, value) {
  /** @type {Num[][]} */
  const rows = weights[tensor];
  const changed = rows.map((row, i) => (i === r ? row.with(c, value) : row));
  return { ...weights, [tensor]: changed };
}

/**
 * @param {Svg} svg
 * @param {number} width
 * @param {ReturnType<typeof slice>} slice
 * @param {State[]} states
 */
function drawSlice(svg, width, { curve, trained, loss: at }, states) {
  const height = 240;
  const losses = curve.map(([, nats]) => nats);
  const x = scaleLinear([curve[0][0], curve[curve.length - 1][0]], [MARGIN.left + 8, width - MARGIN.right]).clamp(true);
  const y = scaleLinear([Math.min(...losses), Math.max(...losses)], [height - MARGIN.bottom - 8, MARGIN.top]).clamp(
    true,
  );
  axes(svg, width, height, { x, y, xTitle: "the weight", yTitle: "loss, nats" });
  single(svg, "path", "curve").attr(
    "d",
    line(
      ([value]) => x(value),
      ([, nats]) => y(nats),
    )(curve),
  );
  single(svg, "line", "trained")
    .attr("x1", x(trained))
    .attr("x2", x(trained))
    .attr("y1", MARGIN.top)
    .attr("y2", height - MARGIN.bottom);
  single(svg, "text", "trained-label")
    .attr("x", x(trained) + 4)
    .attr("y", MARGIN.top + 8)
    .text("trained");
  const points = states.map((state) => /** @type {[number, number]} */ ([x(state.weight), y(at(state.weight))]));
  single(svg, "path", "path").attr("d", line()(points));
  single(svg, "g", "steps")
    .selectAll("circle")
    .data(points)
    .join("circle")
    .attr("r", (_, i) => (i === points.length - 1 ? 6 : 3))
    .attr("class", (_, i) => (i === points.length - 1 ? "point" : "past"))
    .attr("cx", ([cx]) => cx)
    .attr("cy", ([, cy]) => cy);
  return height;
}
