/** @import { Context, Lab, Model, ModelConfig, Request, Svg, TourStep } from "../../types.js" */

import { seededGenerator } from "../../model/index.js";
import { slider, tokenChoice } from "../controls.js";
import { drawing, letterBars, mostLikely } from "../drawings.js";
import { h, html } from "../elements.js";
import { figure } from "../figures.js";
import { beginning } from "../context.js";
import { capital, grouped, percent, unit } from "../wording.js";

const NAMES = 6;

/** @type {TourStep} */
export default {
  id: "temperature",
  title: "Temperature and the draw",
  files: ["quantize/sampler.py", "tables/exp.py", "asm/templates/screens/text.asm"],
  plain: ({ lab }) => html`
    <p>The model has scores, one for each token. To write, somebody must choose. Always taking the best gives one
    ${unit(lab)}, for ever. Drawing at
    random in proportion to the shares gives variety, nonsense included. The temperature is in between: below 1 it
    makes likely letters likelier still, above 1 it evens them out, at 0 only the best is left.</p>
    <p>The draw is a random number on a line on which every token has a stretch as long as its share. Random, but
    not
    lawless: the console computes its random numbers from a seed, and the same seed always writes the same
    ${unit(lab)}s.</p>`,
  technical: ({ lab }) => html`
    <p class="formula">wᵢ = exp(−(l_max − lᵢ) / T);&ensp;token = first i with w₀ + … + wᵢ &gt; ⌊random · Σw /
    2¹⁶⌋</p>
    <p>T is in whole tenths, 0 to 2.0; the cartridge starts at ${(lab.temperature / 10).toFixed(1)}. 1/T is Q8.8
    and exp a table of ${lab.tables.exp.length} entries in steps of 1/32 as Q0.16; what is farther than 8 from the
    best after scaling has weight 0. When the temperature
    changes, the console makes a table of every distance's weight, so that weighing a token is a look-up and no
    product. Nothing is normalised: the random number is scaled instead.</p>
    <p>The generator is a xorshift over two words, period 2³² − 1, 16 rounds after seeding. A ${unit(lab)}'s first token is
    never BOS.</p>`,
  figure(context) {
    const { lab, model, config } = context;
    const strip = tokenChoice(context);
    let tenths = lab.temperature;
    let seed = 1;
    const warmth = slider({
      label: "Temperature",
      min: 0,
      max: 20,
      step: 1,
      value: tenths,
      format: (value) => (value / 10).toFixed(1),
      oninput: (value) => {
        tenths = value;
        draw();
      },
    });
    const seeds = slider({
      label: "Seed",
      min: 1,
      max: 99,
      step: 1,
      value: seed,
      oninput: (value) => {
        seed = value;
        draw();
      },
    });
    const random = () => {
      const generator = seededGenerator(seed);
      return generator.draw();
    };
    const now = () => candidates(context, tenths, random());
    const bars = drawing("Share of each token at this temperature; the drawn one is marked", (svg, width) => {
      const { shares, drawn } = now();
      const shown = shares.map((value, token) => ({
        label: context.symbol(token),
        value,
        kind: token === drawn ? "true" : "",
        title: `${context.symbol(token)}: ${percent(value, 1)}`,
      }));
      return letterBars(svg, width, mostLikely(shown));
    });
    const stretch = drawing("The line of all shares with the random number on it", (svg, width) =>
      drawLine(svg, width, context, now(), random()),
    );
    const names = h("ul", { class: "samples", "aria-label": `${capital(unit(lab))}s of this seed and temperature` });
    const fig = figure("Temperature and the draw", {
      controls: [strip.element, warmth.element, seeds.element],
      body: [
        bars.element,
        stretch.element,
        h("p", { class: "legend" }, writtenAs(lab)),
        names,
      ],
    });
    function draw() {
      bars.redraw();
      stretch.redraw();
      const { shares, drawn } = now();
      const written = textsOf(lab, model, { seed, tenths });
      names.replaceChildren(...written.map((name) => h("li", {}, name)));
      const possible = shares.filter((share) => share > 0).length;
      fig.tell(
        `At ${(tenths / 10).toFixed(1)}, ${possible} of ${config.vocab_size} tokens can be drawn. ` +
          `The likeliest has ${percent(Math.max(...shares), 1)}. Seed ${seed} draws ${grouped(random())} of 65,536 and so picks ` +
          `${context.symbol(drawn)} (${percent(shares[drawn], 1)}).`,
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

/**
 * Shares of the tokens at the chosen place and temperature, and the token a random number picks.
 * @param {Pick<Context, "model" | "pass" | "position" | "config">} context
 * @param {number} tenths
 * @param {number} random
 */
export function candidates({ model, pass, position, config }, tenths, random) {
  const all = pass[position].logits;
  const logits = position === 0 ? all.subarray(0, config.bos) : all;
  const { weights, total } = model.probabilities(logits, tenths);
  const shares = Array.from({ length: config.vocab_size }, (_, token) => (weights[token] ?? 0) / total);
  return { shares, drawn: model.choose(logits, tenths, random) };
}

/** Tokens of a text that would go on and on. */
const BEGINNING = 40;

const writtenAs = (/** @type {Lab} */ lab) =>
  (lab.goes_on
    ? `The first ${BEGINNING} tokens of this seed at this temperature:`
    : `${NAMES} names of this seed at this temperature, from the beginning:`);

/**
 * What is written of a seed and a temperature.
 * @param {Lab} lab
 * @param {Model} model
 * @param {{seed: number, tenths: number}} given
 */
function textsOf(lab, model, given) {
  if (lab.goes_on) return [model.decode(beginning(model, { ...given, count: 1 }, BEGINNING))];
  return namesOf(model, lab.config, { ...given, count: NAMES, prompt: [] });
}

/**
 * The texts of a request, as the console would print them.
 * @param {Model} model
 * @param {ModelConfig} config
 * @param {Request} request
 */
export function namesOf(model, config, request) {
  const names = [];
  /** @type {number[]} */
  let letters = [];
  for (const { next, position } of model.run(request)) {
    if (next !== config.bos) letters.push(next);
    if (next === config.bos || position + 1 === config.block_size) {
      names.push(model.decode(letters));
      letters = [];
    }
  }
  return names;
}

/**
 * @param {Svg} svg
 * @param {number} width
 * @param {Context} context
 * @param {ReturnType<typeof candidates>} candidates
 * @param {number} random
 */
function drawLine(svg, width, context, { shares, drawn }, random) {
  const height = 46;
  let start = 0;
  const parts = shares.map((share, token) => {
    const part = { token, share, start };
    start += share;
    return part;
  });
  const groups = svg
    .selectAll("g.stretch")
    .data(parts.filter((part) => part.share > 0))
    .join((enter) => {
      const group = enter.append("g");
      group.append("rect");
      group.append("text").attr("text-anchor", "middle");
      return group;
    })
    .attr("class", (part) => (part.token === drawn ? "stretch true" : "stretch"))
    .attr("transform", (part) => `translate(${part.start * width},0)`);
  groups
    .select("rect")
    .attr("y", 12)
    .attr("height", 30)
    .attr("width", (part) => part.share * width);
  groups
    .select("text")
    .attr("x", (part) => (part.share * width) / 2)
    .attr("y", 32)
    .text((part) => (part.share * width > 12 ? context.symbol(part.token) : ""));
  const at = (random / 65536) * width;
  svg
    .selectAll("path.needle")
    .data([0])
    .join("path")
    .attr("class", "needle")
    .attr("d", `M${at},14 l-5,-12 h10 z M${at},14 V42`)
    .raise();
  return height;
}
