/** @import { Context, Svg, TourStep } from "../../types.js" */

import { button, buttons, selection, slider } from "../controls.js";
import { drawing, single } from "../drawings.js";
import { html } from "../elements.js";
import { figure } from "../figures.js";
import { decimal, fixed } from "../wording.js";
import { logits } from "../float_model.js";
import { Value, add, ancestry, multiply, pass, relu } from "../value.js";
import { isMicrogpt } from "../needs.js";

const INPUTS = ["w₁", "x₁", "w₂", "x₂"];
const NUDGE = 0.01;

/** @type {TourStep} */
export default {
  id: "values",
  title: "Numbers that remember",
  needs: isMicrogpt,
  files: ["trainer/model/scalar.py", "lab/src/tour/value.js"],
  plain: () => html`
    <p>Training has to answer one question over and over: if this weight were a little larger, would the result be
    better or worse? To answer it, every number keeps a note of the numbers it was computed from, and of how
    strongly
    it follows each of them.</p>
    <p>Then one walk backwards is enough. The result follows itself exactly: 1. Each number passes its share on to
    those it came from, times how strongly it follows them. What arrives at a number is its gradient: by how much
    the
    result moves when that number does.</p>
    <p>The figure is a piece of the real model, two of the products in one hidden unit. Move a number, walk
    back, and check the answer with a nudge.</p>`,
  technical: () => html`
    <p>A <code>Value</code> holds <code>data</code>, its parents, ∂value/∂parent for each, and <code>grad</code>.
    Backward visits the graph in reverse topological order: grad(L) = 1, then for every value and parent</p>
    <p class="formula">grad(parent) += slope · grad(value)</p>
    <p>A sum has slopes 1 and 1; a product a·b has b and a; relu has 1 above zero, else 0; softmax has
    ∂pᵢ/∂sⱼ = pᵢ(δᵢⱼ − pⱼ). That is reverse-mode differentiation: one pass gives the slope of one result towards all
    weights, at a small multiple of the forward pass's cost.</p>
    <p>The trainer does not work so: its backward pass is written by hand, in numpy, and a test holds every
    gradient to
    the scalar one's.</p>`,
  figure(context) {
    let numbers = [0, 0, 0, 0];
    let unit = 0;
    /** @type {string | null} */
    let word = null;
    let graph = build(numbers);
    let walked = 0;
    let nudged = 0;
    const sliders = INPUTS.map((label, i) =>
      slider({
        label,
        min: -3,
        max: 3,
        step: 0.01,
        value: 0,
        oninput: (value) => {
          numbers[i] = value;
          rebuild();
          draw();
        },
      }),
    );
    const back = button("One step back", () => {
      pass(graph.order[walked]);
      walked += 1;
      draw();
    });
    const all = button("All the way back", () => {
      while (walked < graph.order.length) pass(graph.order[walked++]);
      draw();
    });
    const nudge = selection({
      label: "Nudge",
      options: INPUTS.map((label, value) => ({ label, value })),
      value: 0,
      onchange: (value) => {
        nudged = Number(value);
        draw();
      },
    });
    const picture = drawing("Seven numbers and what each was made from", (svg, width) =>
      drawGraph(svg, width, graph, walked),
    );
    const fig = figure("A piece of the model as numbers that remember", {
      controls: [...sliders.map((s) => s.element), buttons(back, all, nudge)],
      body: [picture.element],
    });

    function rebuild() {
      graph = build(numbers);
      walked = 0;
    }

    function takeFromWord() {
      word = context.word;
      ({ unit, inputs: numbers } = pieceOfTheModel(context));
      sliders.forEach((control, i) => (control.value = numbers[i]));
      rebuild();
    }

    function draw() {
      back.disabled = all.disabled = walked >= graph.order.length;
      picture.redraw();
      const moved = numbers.map((value, i) => (i === nudged ? value + NUDGE : value));
      const rise = (build(moved).last.data - graph.last.data) / NUDGE;
      const input = graph.inputs[nudged];
      fig.tell(
        `Hidden unit ${unit}, two of its products: the result is ${decimal(graph.last.data, 3)}. ` +
          `${INPUTS[nudged]} made ${NUDGE} larger moves it by ${decimal(rise, 3)} times as much; ` +
          (walked >= graph.order.length
            ? `the walk back says ${decimal(input.grad, 3)}.`
            : `${walked} of ${graph.order.length} numbers have passed their gradient on.`),
      );
    }
    return {
      element: fig.element,
      update() {
        if (word !== context.word) takeFromWord();
        draw();
      },
    };
  },
};

/**
 * The hidden unit that says most at the word's last position, with its two largest products: weights and inputs.
 * @param {Pick<Context, "weights" | "config" | "tokens">} context
 */
function pieceOfTheModel({ weights, config, tokens }) {
  /** @type {Record<string, number[][]>} */
  const noted = {};
  const note = (/** @type {string} */ name, /** @type {number[]} */ vector) => (noted[name] ??= []).push(vector);
  logits(weights, config, tokens, { note });
  const lastOf = (/** @type {string} */ name) => noted[name][noted[name].length - config.n_layer];
  const [x, sums] = [lastOf("MLP input"), lastOf("hidden before the gate")];
  const unit = sums.indexOf(Math.max(...sums));
  const row = weights["layer0.fc1"][unit];
  const size = (/** @type {number} */ i) => Math.abs(row[i] * x[i]);
  const [first, second] = x.map((_, i) => i).sort((a, b) => size(b) - size(a));
  return { unit, inputs: [row[first], x[first], row[second], x[second]].map((v) => Number(v.toFixed(2))) };
}

/**
 * relu(w₁ x₁ + w₂ x₂), nothing passed back yet; order: from the result to the inputs.
 * @param {number[]} numbers
 */
function build(numbers) {
  const inputs = numbers.map((number) => new Value(number));
  const products = [multiply(inputs[0], inputs[1]), multiply(inputs[2], inputs[3])];
  const sum = add(products[0], products[1]);
  const last = relu(sum);
  last.grad = 1;
  return {
    inputs,
    products,
    sum,
    last,
    order: ancestry(last)
      .reverse()
      .filter((value) => value.parents.length),
  };
}

/**
 * @param {Svg} svg
 * @param {number} width
 * @param {ReturnType<typeof build>} graph
 * @param {number} walked
 */
function drawGraph(svg, width, { inputs, products, sum, last, order }, walked) {
  const columns = [inputs, products, [sum], [last]];
  const names = [INPUTS, ["w₁·x₁", "w₂·x₂"], ["sum"], ["gate"]];
  const boxWidth = Math.min(110, (width - 3 * 36) / 4);
  const boxHeight = 52;
  const gap = (width - 4 * boxWidth) / 3;
  const height = 4 * (boxHeight + 10);
  const boxes = columns.flatMap((column, c) =>
    column.map((value, i) => ({
      value,
      name: names[c][i],
      x: c * (boxWidth + gap),
      y: ((i + 0.5) * height) / column.length - boxHeight / 2,
    })),
  );
  const place = new Map(boxes.map((box) => [box.value, box]));
  const told = new Set(order.slice(0, walked));
  const known = (/** @type {Value} */ value) =>
    value === last || [...told].some((child) => child.parents.includes(value));
  const edges = boxes.flatMap((box) =>
    box.value.parents.flatMap((parent, i) => {
      const from = place.get(parent);
      return from ? [{ from, to: box, slope: box.value.slopes[i], told: told.has(box.value) }] : [];
    }),
  );
  single(svg, "g", "edges")
    .selectAll("line")
    .data(edges)
    .join("line")
    .attr("class", (edge) => (edge.told ? "edge told" : "edge"))
    .attr("x1", (edge) => edge.from.x + boxWidth)
    .attr("y1", (edge) => edge.from.y + boxHeight / 2)
    .attr("x2", (edge) => edge.to.x)
    .attr("y2", (edge) => edge.to.y + boxHeight / 2);
  single(svg, "g", "slopes")
    .selectAll("text")
    .data(edges)
    .join("text")
    .attr("text-anchor", "middle")
    .attr("x", (edge) => (edge.from.x + boxWidth + edge.to.x) / 2 + 4)
    .attr("y", (edge) => (edge.from.y + edge.to.y + boxHeight) / 2 + (edge.to.y < edge.from.y ? 15 : -7))
    .text((edge) => `×${decimal(edge.slope)}`);
  const groups = single(svg, "g", "boxes")
    .selectAll("g")
    .data(boxes)
    .join((enter) => {
      const group = enter.append("g");
      group.append("rect").attr("rx", 4);
      for (const line of ["name", "data", "grad"]) {
        group.append("text").attr("class", line).attr("text-anchor", "middle");
      }
      return group;
    })
    .attr("class", (box) => (known(box.value) ? "box told" : "box"))
    .attr("transform", (box) => `translate(${box.x},${box.y})`);
  groups.select("rect").attr("width", boxWidth).attr("height", boxHeight);
  groups
    .select(".name")
    .attr("x", boxWidth / 2)
    .attr("y", 14)
    .text((box) => box.name);
  groups
    .select(".data")
    .attr("x", boxWidth / 2)
    .attr("y", 30)
    .text((box) => fixed(box.value.data));
  groups
    .select(".grad")
    .attr("x", boxWidth / 2)
    .attr("y", 46)
    .text((box) => (known(box.value) ? `∂ ${fixed(box.value.grad)}` : "∂ ?"));
  return height;
}
