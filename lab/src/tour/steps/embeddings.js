/** @import { Context, Tensor, TourStep } from "../../types.js" */

import { slider, tokenChoice } from "../controls.js";
import { drawing, squares } from "../drawings.js";
import { html } from "../elements.js";
import { figure, numbers, signLegend } from "../figures.js";
import { decimal, fixed, listed } from "../wording.js";
import { ONE } from "../q88.js";
import { isMicrogpt } from "../needs.js";

/** @type {TourStep} */
export default {
  id: "embeddings",
  title: "A letter becomes a list of numbers",
  needs: isMicrogpt,
  files: ["trainer/model/decoder.py", "quantize/schedule.py", "quantize/kernels/embedding.py"],
  plain: ({ config, lab }) => html`
    <p>The number of a letter says nothing about it: ${lab.symbols[1]} is not between ${lab.symbols[0]} and
    ${lab.symbols[2]} in any useful way. So every letter owns a list of ${config.n_embd} numbers, its embedding,
    which
    training is free to choose. Letters that behave alike end up with similar lists.</p>
    <p>Each place in the word owns such a list too, or the first letter would look like the fifth. The two lists
    are added, number by number, and the sum is stretched or shrunk to a standard size, so that
    what follows needs to care only for its direction.</p>`,
  technical: ({ config, lab }) => html`
    <p class="formula">x = rmsnorm(wte[token] + wpe[position]),&emsp;rmsnorm(x) = x / √(mean(x²) + 10⁻⁵)</p>
    <p>wte is ${config.vocab_size} × ${config.n_embd}, wpe ${config.block_size} × ${config.n_embd}; RMSNorm has no
    gain.
    In integers both are Q8.8, the sum is exact, and 1/√ is read from a table of 256 entries by the top byte of the
    sum
    of squares, shifted by pairs of bits until it fills 32.</p>
    <p>All of this depends on token and position alone. So do the next norm and the first q, k and v:
    ${
      lab.build.front_table
        ? html`this cartridge has them for all ${config.vocab_size} × ${config.block_size} cases in a table and
        computes none of it.`
        : html`a cartridge with room for it has them in a table; this one computes them.`
    }</p>`,
  figure(context) {
    const { config, lab } = context;
    const strip = tokenChoice(context);
    let place = 0;
    const places = slider({
      label: "Put the letter in place",
      min: 0,
      max: config.block_size - 1,
      step: 1,
      value: 0,
      oninput: (value) => {
        place = value;
        draw();
      },
    });
    /** @type {{label: string, values: number[]}[]} */
    let rows = [];
    const picture = drawing(
      "Embedding of the letter, of its place, their sum, and the sum at standard size",
      (svg, width) => squares(svg, width, rows, { most: 2.5, labelWidth: 62 }),
    );
    const table = numbers(
      () => ["", ...rows[0].values.map((_, i) => i)],
      () => rows.map((row) => [row.label, ...row.values.map((value) => fixed(value))]),
    );
    const fig = figure("Embeddings", {
      controls: [strip.element, places.element],
      body: [picture.element],
      legend: [signLegend(), table.element],
    });
    function draw() {
      const token = context.tokens[context.position];
      const letter = tensorRow(lab.tensors.wte, token);
      const position = tensorRow(lab.tensors.wpe, place);
      const here = normedEmbedding(context, token, place);
      rows = [
        { label: "letter", values: letter },
        { label: "place", values: position },
        { label: "sum", values: here.sum },
        { label: "to size", values: here.normed },
      ];
      picture.redraw();
      table.update();
      const near = nearest(lab.tensors.wte, token).slice(0, 3);
      fig.tell(
        `Token ${token} (${context.symbol(token)}) in place ${place}: of ${config.n_embd} numbers the largest is ` +
          `${decimal(Math.max(...here.normed.map(Math.abs)))} after the norm. Most like ${context.symbol(token)} in ` +
          `direction: ${listed(near.map(({ token: t, likeness }) => `${context.symbol(t)} (${fixed(likeness)})`))}.`,
      );
    }
    return {
      element: fig.element,
      update() {
        strip.update();
        place = context.position;
        places.value = place;
        draw();
      },
    };
  },
};

/**
 * Row r of a tensor of lab.json, in numbers.
 * @param {Tensor} tensor
 * @param {number} r
 */
export function tensorRow({ shape, values }, r) {
  return Array.from(values.subarray(r * shape[1], (r + 1) * shape[1]), (value) => value / ONE);
}

/**
 * What the integer model makes of a token at a place: it runs there after any tokens before.
 * @param {Pick<Context, "model" | "config">} context
 * @param {number} token
 * @param {number} place
 */
export function normedEmbedding({ model, config }, token, place) {
  const stream = model.start();
  for (let p = 0; p < place; p += 1) model.step(stream, config.bos);
  const { trace } = model.step(stream, token);
  const inNumbers = (/** @type {string} */ name) => Array.from(trace[name], (value) => value / ONE);
  return { sum: inNumbers("embed"), normed: inNumbers("embed_norm") };
}

/**
 * The other tokens by the cosine between their embeddings and one's, the most alike first.
 * @param {Tensor} tensor
 * @param {number} token
 */
export function nearest(tensor, token) {
  const own = tensorRow(tensor, token);
  const dot = (/** @type {number[]} */ a, /** @type {number[]} */ b) =>
    a.reduce((sum, value, i) => sum + value * b[i], 0);
  const length = (/** @type {number[]} */ a) => Math.sqrt(dot(a, a)) || 1;
  return Array.from({ length: tensor.shape[0] }, (_, other) => {
    const row = tensorRow(tensor, other);
    return { token: other, likeness: dot(own, row) / (length(own) * length(row)) };
  })
    .filter((entry) => entry.token !== token)
    .sort((a, b) => b.likeness - a.likeness);
}
