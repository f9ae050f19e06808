/** @import { ModelConfig, Svg, TourStep } from "../../types.js" */

import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { slider, tokenChoice } from "../controls.js";
import { MARGIN, axes, drawing, single } from "../drawings.js";
import { html } from "../elements.js";
import { figure, numbers } from "../figures.js";
import { isMicrogpt } from "../needs.js";
import { kernelOf } from "../../model/program.js";
import { decimal, fixed, percent } from "../wording.js";

/** @type {TourStep} */
export default {
  id: "mlp",
  title: "The MLP and its gate",
  needs: isMicrogpt,
  files: ["trainer/model/blocks.py", "quantize/kernels/digit_columns.py", "asm/templates/blocks/mlp_digits.asm"],
  plain: ({ config, lab }) => html`
    <p>After looking around, a position thinks for itself. ${config.n_hidden} hidden units each ask one question
    about its
    ${config.n_embd} numbers: multiply each by a weight, add up. If the sum is above zero the unit answers with it;
    if
    not, it says nothing, exactly zero. This gate is called ReLU, and without it two layers of sums would be no more
    than one.</p>
    <p>The answers are weighted and added back in. Most questions do not apply to most letters:
    ${
      lab.training.active_hidden
        ? html`over unseen names only ${percent(lab.training.active_hidden, 1)} of the units
    speak.`
        : ""
    }
    ${
      kernelOf(lab, "layer0.fc2")?.kernel === "ActiveColumns"
        ? "The cartridge profits from that: for a silent unit the second half of the work falls away."
        : ""
    }</p>`,
  technical: ({ config, lab }) => html`
    <p class="formula">x += fc2 · ${config.activation}(fc1 · rmsnorm(x)),&emsp;relu(z) = max(z,
    0)${config.activation === "relu2" ? ", relu2 its square" : ""}</p>
    <p>fc1 is ${config.n_hidden} × ${config.n_embd}, fc2 ${config.n_embd} × ${config.n_hidden}, no biases. The
    slope of
    relu is 1 above zero and 0 elsewhere, so a silent unit gets no gradient from this position.</p>
    <p>${
      kernelOf(lab, "layer0.fc2")?.kernel === "ActiveColumns"
        ? html`fc1 runs in rows. A row ends in a branch: carry set means above zero, and only then the code of that
        unit's
          column of fc2 runs, adding its shifted copies to the residual sums. A column costs three memory accesses
          an add where a
          row has one, so this pays below about 30 % of active units.`
        : html`Both matrices run in rows here: columns, which skip units at zero, pay only below about 30 % of
        active
          units.`
    }</p>`,
  figure(context) {
    const { config } = context;
    const strip = tokenChoice(context);
    let layer = 0;
    let unit = 0;
    const gate = slider({
      label: "A number through the gate",
      min: -3,
      max: 3,
      step: 0.05,
      value: -1,
      format: (z) => `${decimal(z)} → ${decimal(gated(z, config.activation))}`,
      oninput: () => draw(),
    });
    const units = slider({
      label: "Hidden unit",
      min: 0,
      max: config.n_hidden * config.n_layer - 1,
      step: 1,
      value: 0,
      oninput: (value) => {
        layer = Math.floor(value / config.n_hidden);
        unit = value % config.n_hidden;
        draw();
      },
    });
    const before = () => context.values(`layer${layer}.fc1`);
    const after = () => context.values(`layer${layer}.activation`);
    const curve = drawing(
      "The gate's curve with the chosen number on it, and all hidden units below",
      (svg, width) => drawGate(svg, width, config.activation, gate.value, before(), unit),
    );
    const grid = drawing("All hidden units after the gate: empty means exactly zero", (svg, width) =>
      drawUnits(svg, width, before(), after(), unit),
    );
    const table = numbers(
      () => ["unit", "before", "after"],
      () => after().map((value, i) => [i, fixed(before()[i], 3), fixed(value, 3)]),
    );
    const fig = figure("The gate and the hidden units", {
      controls: [strip.element, gate.element, units.element],
      body: [curve.element, grid.element],
      legend: table.element,
    });
    function draw() {
      curve.redraw();
      grid.redraw();
      table.update();
      const open = after().filter((value) => value > 0).length;
      fig.tell(
        `${decimal(gate.value)} comes out of the gate as ${decimal(gated(gate.value, config.activation))}. ` +
          `Having read ${context.symbol(context.tokens[context.position])} in place ${context.position}, ${open} of ` +
          `${config.n_hidden} hidden units are above zero. Unit ${unit}: ${fixed(before()[unit], 3)} before the gate, ` +
          `${fixed(after()[unit], 3)} after.`,
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

/** @typedef {ModelConfig["activation"]} Activation */

export const gated = (/** @type {number} */ z, /** @type {Activation} */ activation) =>
  Math.max(z, 0) ** (activation === "relu2" ? 2 : 1);

/**
 * @param {Svg} svg
 * @param {number} width
 * @param {Activation} activation
 * @param {number} z
 * @param {number[]} values
 * @param {number} unit
 */
function drawGate(svg, width, activation, z, values, unit) {
  const height = 190;
  const reach = Math.max(3, ...values.map(Math.abs));
  const x = scaleLinear([-reach, reach], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, gated(3, activation)], [height - MARGIN.bottom, MARGIN.top]).clamp(true);
  axes(svg, width, height, { x, y, xTitle: "before the gate", yTitle: "after" });
  const points = x
    .ticks(40)
    .concat(0)
    .sort((a, b) => a - b);
  /** @type {import("d3-shape").Line<number>} */
  const curve = line(
    (v) => x(v),
    (v) => y(gated(v, activation)),
  );
  const inside = points.filter((v) => gated(v, activation) <= gated(3, activation));
  single(svg, "path", "curve").attr("d", curve(inside));
  single(svg, "g", "ticks")
    .selectAll("line")
    .data(values)
    .join("line")
    .attr("class", (value, i) => `tick-unit ${value > 0 ? "open" : "shut"} ${i === unit ? "chosen" : ""}`)
    .attr("x1", x)
    .attr("x2", x)
    .attr("y1", height - MARGIN.bottom)
    .attr("y2", (_, i) => height - MARGIN.bottom - (i === unit ? 26 : 10));
  single(svg, "circle", "point")
    .attr("r", 6)
    .attr("cx", x(z))
    .attr("cy", y(gated(z, activation)));
  return height;
}

/**
 * @param {Svg} svg
 * @param {number} width
 * @param {number[]} before
 * @param {number[]} after
 * @param {number} unit
 */
function drawUnits(svg, width, before, after, unit) {
  const columns = 16;
  const side = Math.min(Math.floor(width / columns), 30);
  const most = Math.max(1, ...after);
  const groups = svg
    .selectAll("g.unit")
    .data(after)
    .join((enter) => {
      const group = enter.append("g");
      group.append("rect").attr("class", "ground");
      group.append("rect").attr("class", "value positive");
      group.append("title");
      return group;
    })
    .attr("class", (_, i) => (i === unit ? "unit chosen" : "unit"))
    .attr("transform", (_, i) => `translate(${(i % columns) * side + 1},${Math.floor(i / columns) * side + 1})`);
  groups
    .select(".ground")
    .attr("width", side - 2)
    .attr("height", side - 2);
  groups
    .select(".value")
    .attr("width", side - 2)
    .attr("y", (value) => (1 - Math.min(1, value / most)) * (side - 2))
    .attr("height", (value) => Math.min(1, value / most) * (side - 2));
  groups.select("title").text((value, i) => `unit ${i}: ${fixed(before[i], 3)} → ${fixed(value, 3)}`);
  return Math.ceil(after.length / columns) * side + 2;
}
