/** @import { Context, Option, Svg, TourStep } from "../../types.js" */

import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { choices, slider } from "../controls.js";
import { MARGIN, axes, drawing, letterBars, mostLikely, single } from "../drawings.js";
import { html } from "../elements.js";
import { figure } from "../figures.js";
import { capital, fixed, percent, unit } from "../wording.js";
import { ONE } from "../q88.js";

const PUSH = 6;

/** @type {TourStep} */
export default {
  id: "loss",
  title: "Loss: surprise, measured",
  files: ["trainer/model/blocks.py", "quantize/executor.py"],
  plain: ({ lab, config }) => html`
    <p>How good is a guess? The model gives every token a share of 100 %. Then the true next letter is uncovered. If
    it had been given all, the loss is 0: no surprise. The smaller its share, the larger the loss, and
    it grows without bound towards impossible.</p>
    <p>A model that knew nothing would give each of the ${config.vocab_size} tokens the same share, a loss of
    ${fixed(Math.log(config.vocab_size))} a letter.
    ${
      lab.training.nll_float
        ? html`On ${unit(lab)}s it never saw, this one has ${fixed(lab.training.nll_float, 3)}: as unsure
    as between ${fixed(Math.exp(lab.training.nll_float), 1)} equally likely letters.`
        : ""
    }
    ${capital(unit(lab))}s are not fully predictable, so it cannot reach 0.</p>`,
  technical: ({ lab }) => html`
    <p class="formula">loss = −ln softmax(logits)[target] = ln Σⱼ exp(lⱼ − l_max) − (l_target − l_max)</p>
    <p>The mean over all predicted tokens, in nats, the end of a ${unit(lab)} included. Adding a constant to all logits
    changes
    nothing. The slope towards a logit is</p>
    <p class="formula">∂loss/∂lⱼ = pⱼ − [j = target]</p>
    <p>so the push on the true logit is as strong as the share it lacks.
    ${
      lab.training.nll_float && lab.training.nll_integer
        ? html`Held out: ${fixed(lab.training.nll_float, 4)} in floating point,
        ${fixed(lab.training.nll_integer, 4)} with the
          integers of the cartridge; the tests allow 0.005 between them.`
        : ""
    }</p>`,
  figure(context) {
    let place = 0;
    /** @type {Option<number>[]} */
    const none = [];
    const guesses = choices({
      legend: "The letter to guess, and the loss it came to",
      options: none,
      onchange: (value) => {
        place = value;
        push.value = 0;
        draw();
      },
    });
    const push = slider({
      label: "Add to the true letter's score",
      min: -PUSH,
      max: PUSH,
      step: 0.1,
      value: 0,
      oninput: () => draw(),
    });
    const bars = drawing("Share of each token; the true one is marked", (svg, width) => {
      const target = context.document[place + 1];
      const shares = softmaxOf(pushed(context, place, push.value));
      const shown = shares.map((value, token) => ({
        label: context.symbol(token),
        value,
        kind: token === target ? "true" : "",
        title: `${context.symbol(token)}: ${percent(value, 1)}`,
      }));
      return letterBars(svg, width, mostLikely(shown));
    });
    const curve = drawing("Loss against what is added to the true letter's score", (svg, width) =>
      drawLoss(svg, width, context, place, push.value),
    );
    const fig = figure("Loss of a guess", {
      controls: [guesses.element, push.element],
      body: [bars.element, curve.element],
    });
    function draw() {
      bars.redraw();
      curve.redraw();
      const target = context.document[place + 1];
      const share = softmaxOf(pushed(context, place, push.value))[target];
      const all = wordLosses(context);
      fig.tell(
        `The true next token, ${context.symbol(target)}, gets ${percent(share, 1)}: loss ${fixed(-Math.log(share), 3)}, ` +
          `and a slope of ${fixed(share - 1, 3)} towards its score. The word as it is: ` +
          `${fixed(all.reduce((a, b) => a + b, 0) / all.length, 3)} a token.`,
      );
    }
    return {
      element: fig.element,
      update() {
        place = Math.min(context.position, placesOf(context) - 1);
        push.value = 0;
        const losses = wordLosses(context);
        guesses.setOptions(
          losses.map((nats, p) => ({
            value: p,
            label: context.symbol(context.document[p + 1]),
            note: fixed(nats, 1),
          })),
          place,
        );
        draw();
      },
    };
  },
};

/**
 * The integer model's logits at a place in numbers, with something added to the true token's.
 * @param {Context} context
 * @param {number} place
 * @param {number} by
 */
function pushed(context, place, by) {
  const scale = 2 ** context.lab.logit_exponent / ONE;
  const target = context.document[place + 1];
  return Array.from(context.pass[place].logits, (logit, token) => logit * scale + (token === target ? by : 0));
}

/** @param {number[]} logits */
function softmaxOf(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/**
 * How many tokens of the word there are to guess: its end too, but for a text that goes on.
 * @param {Context} context
 */
const placesOf = ({ tokens, lab }) => Math.max(tokens.length - (lab.goes_on ? 1 : 0), 1);

/** −ln of what the integer model gives each true next token of the word. */
export const wordLosses = (/** @type {Context} */ context) =>
  Array.from({ length: placesOf(context) }, (_, place) => {
    const shares = softmaxOf(pushed(context, place, 0));
    return -Math.log(shares[context.document[place + 1]]);
  });

/**
 * @param {Svg} svg
 * @param {number} width
 * @param {Context} context
 * @param {number} place
 * @param {number} by
 */
function drawLoss(svg, width, context, place, by) {
  const height = 190;
  const target = context.document[place + 1];
  const at = (/** @type {number} */ added) => -Math.log(softmaxOf(pushed(context, place, added))[target]);
  const x = scaleLinear([-PUSH, PUSH], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, at(-PUSH)], [height - MARGIN.bottom, MARGIN.top]);
  axes(svg, width, height, { x, y, xTitle: "added to the true letter's score", yTitle: "loss, nats" });
  /** @type {import("d3-shape").Line<number>} */
  const curve = line(
    (added) => x(added),
    (added) => y(at(added)),
  );
  single(svg, "path", "curve").attr("d", curve(x.ticks(60)));
  single(svg, "circle", "point")
    .attr("r", 6)
    .attr("cx", x(by))
    .attr("cy", y(at(by)));
  return height;
}
