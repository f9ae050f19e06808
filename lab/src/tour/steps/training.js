/** @import { Measurement, Sample, Svg, TourStep } from "../../types.js" */

import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { slider } from "../controls.js";
import { MARGIN, axes, drawing, single } from "../drawings.js";
import { h, html } from "../elements.js";
import { figure, numbers } from "../figures.js";
import { fixed, grouped } from "../wording.js";
import { isMicrogpt } from "../needs.js";

/** @type {TourStep} */
export default {
  id: "training",
  title: "The training loop",
  needs: isMicrogpt,
  files: ["trainer/training/train.py", "trainer/training/digit_projection.py", "docs/training.md"],
  plain: ({ lab }) => html`
    <p>Now repeat: take some names, guess every letter of them, measure the loss, go backward, take a step. That is
    all of
    learning. ${
      lab.training.steps && lab.training.batch_size
        ? html`This model did it ${grouped(lab.training.steps)} times, with
    ${lab.training.batch_size} names each.`
        : ""
    } Nobody told it what a name is.</p>
    <p>Some names were set aside and never learned from. The loss on those is what counts: on the others a model
    could get better by
    learning them by heart. Move through the training and read what the model wrote at that moment, each time from
    the
    same random numbers: noise before the first step, names soon after. What the rest of the time buys is small,
    and real.</p>`,
  technical: ({ lab }) => html`
    <p>Batches are shuffled documents packed side by side; float32, one hand-written forward and backward pass a
    step,
    linear decay of lr${lab.training.learning_rate ? html` from ${lab.training.learning_rate}` : ""}. At each of
    ${lab.training.curve.length} measurements the loss on names not learned from decides whether these weights are
    kept.</p>
    ${lab.training.digits ? knowsTheHardware(lab.training.digits, lab.training.digits_per_weight) : ""}`,
  figure(context) {
    const { training } = context.lab;
    if (!training.curve.length) {
      const fig = figure("Training", {});
      return { element: fig.element, update: () => fig.tell("This model brings no log of its training.") };
    }
    const steps = training.curve.map(([step]) => step);
    const at = slider({
      label: "Moment of the training",
      min: 0,
      max: steps.length,
      step: 1,
      value: steps.length,
      format: (i) => `step ${grouped(i ? steps[i - 1] : 0)}`,
      oninput: () => draw(),
    });
    const picture = drawing("Loss against steps, on the names learned from and on others", (svg, width) =>
      drawCurves(svg, width, training.curve, at.value),
    );
    const samples = h("ul", { class: "samples", "aria-label": "What the model wrote then" });
    const table = numbers(
      () => ["step", "learned from", "held out"],
      () => training.curve.map(([step, learned, held]) => [grouped(step), fixed(learned, 4), fixed(held, 4)]),
    );
    const fig = figure("The training as it was", {
      controls: [at.element],
      body: [picture.element, samples],
      legend: [
        h(
          "p",
          { class: "legend", "aria-hidden": "true" },
          h("span", { class: "key line" }),
          " held out  ",
          h("span", { class: "key dashed" }),
          " learned from",
        ),
        table.element,
      ],
    });
    function draw() {
      picture.redraw();
      /** @type {Measurement | undefined} */
      const entry = training.curve[at.value - 1];
      const texts = samplesAt(training.samples, entry?.[0] ?? 0);
      samples.replaceChildren(...texts.map((text) => h("li", {}, text || "(nothing)")));
      fig.tell(
        entry
          ? `After ${grouped(entry[0])} steps: ${fixed(entry[1], 4)} on the names learned from since the last measurement, ` +
              `${fixed(entry[2], 4)} on held-out names.`
          : `Before the first step: every token is about as likely as any other, ${fixed(Math.log(context.config.vocab_size), 4)} nats.`,
      );
    }
    return {
      element: fig.element,
      update: () => {
        table.update();
        draw();
      },
    };
  },
};

/**
 * @param {number} digits a weight
 * @param {Record<string, number>} spent by matrix
 */
const knowsTheHardware = (digits, spent) => html`
  <p>The training knows the hardware. From a tenth of the run on, the forward pass uses each weight rounded to few
  signed
  powers of two, and the gradient passes through the rounding as if it were not there (straight-through
  estimation). The
  budget shrinks to ${digits} digits a weight at half-time; which weight may have more is decided by what
  each
  digit buys in squared error. Only weights within the budget may be kept. In the end:
  ${Object.entries(spent)
    .map(([name, count]) => `${name} ${fixed(count)}`)
    .join(", ")}.</p>`;

/**
 * The texts written at a step, or at the last logged one before it.
 * @param {Sample[]} samples
 * @param {number} step
 */
export function samplesAt(samples, step) {
  return samples.filter(([written]) => written <= step).at(-1)?.[1] ?? [];
}

/**
 * @param {Svg} svg
 * @param {number} width
 * @param {Measurement[]} curve
 * @param {number} chosen
 */
function drawCurves(svg, width, curve, chosen) {
  const height = 230;
  const all = curve.flatMap(([, learned, held]) => [learned, held]);
  const ends = [curve[0][0], curve[curve.length - 1][0]];
  const x = scaleLog(ends, [MARGIN.left + 8, width - MARGIN.right - 8]).clamp(true);
  const y = scaleLinear([Math.min(...all), Math.max(...all)], [height - MARGIN.bottom, MARGIN.top]).nice();
  axes(svg, width, height, { x, y, xTitle: "steps, each tenfold as wide", yTitle: "loss, nats", xFormat: "~s" });
  const path = (/** @type {string} */ name, /** @type {1 | 2} */ column) => {
    /** @type {import("d3-shape").Line<Measurement>} */
    const through = line(
      (entry) => x(entry[0]),
      (entry) => y(entry[column]),
    );
    single(svg, "path", name).attr("d", through(curve));
  };
  path("curve", 2);
  path("learned", 1);
  /** @type {Measurement | undefined} */
  const entry = curve[chosen - 1];
  const now = x(entry?.[0] ?? curve[0][0]);
  single(svg, "line", "now")
    .attr("visibility", entry ? "visible" : "hidden")
    .attr("x1", now)
    .attr("x2", now)
    .attr("y1", MARGIN.top)
    .attr("y2", height - MARGIN.bottom);
  single(svg, "circle", "point")
    .attr("r", entry ? 6 : 0)
    .attr("cx", now)
    .attr("cy", y(entry?.[2] ?? 0));
  return height;
}
