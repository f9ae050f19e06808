/** @import { Build, Context, ModelConfig, Svg, TourStep } from "../../types.js" */

import { choices, tokenChoice } from "../controls.js";
import { drawing, single } from "../drawings.js";
import { h, html } from "../elements.js";
import { figure, numbers } from "../figures.js";
import { listed, percent, unit } from "../wording.js";
import { kernelOf } from "../../model/program.js";

/** @type {Record<Build["target"], string>} */
const MULTIPLIERS = {
  stock: "the picture unit's 16 × 8 bit multiplier makes the products",
  sa1: "the SA-1's arithmetic unit makes the products and adds them up",
};

/**
 * What this family does with keys, as sentences.
 * @param {ModelConfig} config
 */
function keysOf({ family, n_head: heads, kv_heads: groups, windows }) {
  if (family !== "llama") return "";
  const shared = groups < heads ? `${heads} heads share ${groups} heads of keys and values, which are as much smaller.` : "";
  const near = windows ? `A head sees ${Math.min(...windows)} to ${Math.max(...windows)} positions back.` : "";
  return `Queries and keys are turned by angles that grow with the position. ${shared} ${near}`;
}

/** @type {TourStep} */
export default {
  id: "attention",
  title: "Attention: looking back",
  files: ["trainer/model/attention.py", "quantize/kernels/ppu_attention.py", "asm/templates/kernels/attention_ppu.asm"],
  plain: ({ config, lab }) => html`
    <p>Until here each position knows its own letter only. Attention lets it look at those before it.
    Every position makes three short lists: a query (what it is looking for), a key (what it has to offer) and a
    value
    (what it hands over). A query is compared with every key so far; the better they fit, the larger the share of
    that
    position's value in the mixture that is passed on.</p>
    <p>This happens ${config.n_head} times side by side, in ${config.n_head} heads, each with
    queries, keys and values of its own, so that one may watch the last letter while another counts how
    long the ${unit(lab)} has become. Nobody assigns these jobs.</p>`,
  technical: ({ config, lab }) => html`
    <p class="formula">headₕ = Σₜ softmaxₜ(qₕ·kₕ,ₜ / √${config.head_dim}) vₕ,ₜ&emsp;over t ≤ position;&emsp;x +=
    W_o [all heads]</p>
    <p>q, k, v = W rmsnorm(x), each W ${config.n_embd} × ${config.n_embd}, head width ${config.head_dim}.
    ${keysOf(config)} Keys and
    values
    stay in a cache, so a new token costs one row of the triangle. The query weights already hold
    1/√${config.head_dim}.</p>
    ${
      kernelOf(lab, "layer0.attention")?.kernel !== "ExactAttention"
        ? html`<p>On the console keys and values are cut to 8 bits, queries keep 16, and ${MULTIPLIERS[lab.build.target]}. exp comes from a table in steps of 1/32, weights are 7 bits before and 13
          after multiplying with a reciprocal, also from a table: there is no division.</p>`
        : html`<p>On the console scores are Q8.8, exp comes from a table in steps of 1/32, the weights are Q0.8,
        and the
          weighted mean is rounded once.</p>`
    }`,
  figure(context) {
    const { config } = context;
    let head = 0;
    let layer = 0;
    const numbered = (/** @type {number} */ count) =>
      Array.from({ length: count }, (_, i) => ({ value: i, label: String(i + 1) }));
    const strip = tokenChoice(context, "Which row to read: the model has just read");
    const heads = choices({
      legend: "Head",
      options: numbered(config.n_head),
      value: head,
      onchange: (value) => {
        head = value;
        draw();
      },
    });
    const layers = choices({
      legend: "Layer",
      options: numbered(config.n_layer),
      value: layer,
      onchange: (value) => {
        layer = value;
        draw();
      },
    });
    const picture = drawing(
      "What share of its attention each position, a row, gives to each before it, a column",
      (svg, width) => triangle(svg, width, context, shares(context, layer, head)),
    );
    const table = numbers(
      () => ["", ...context.tokens.map(context.symbol)],
      () =>
        shares(context, layer, head).map((row, i) => [
          context.symbol(context.tokens[i]),
          ...row.map((share) => percent(share)),
        ]),
    );
    const fig = figure("Attention", {
      controls: [heads.element, config.n_layer > 1 ? layers.element : null, strip.element],
      body: [picture.element],
      legend: [
        h("p", { class: "legend" }, "Each row adds up to 100 %. Empty: the future, which nobody sees."),
        table.element,
      ],
    });
    function draw() {
      picture.redraw();
      table.update();
      const row = shares(context, layer, head)[context.position];
      const order = row
        .map((share, position) => ({ share, position }))
        .filter(({ share }) => share >= 0.005)
        .sort((a, b) => b.share - a.share);
      const name = (/** @type {{position: number, share: number}} */ { position, share }) =>
        `${context.symbol(context.tokens[position])} in place ${position} (${percent(share)})`;
      fig.tell(
        `Head ${head + 1}, at place ${context.position}, having read ${context.symbol(context.tokens[context.position])}: ` +
          `it looks at ${listed(order.slice(0, 3).map(name))}.`,
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
 * Of every position of the word the shares of attention it gives, as the integer model computes them.
 * @param {Pick<Context, "pass" | "config">} context
 * @param {number} layer
 * @param {number} head
 */
export function shares({ pass, config }, layer, head) {
  return pass.map(({ trace }, position) => {
    const weights = trace[`layer${layer}.attention.weights`];
    const row = Array.from(
      { length: position + 1 },
      (_, t) => weights[head * (weights.length / config.n_head) + t],
    );
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((weight) => weight / sum);
  });
}

/**
 * @param {Svg} svg
 * @param {number} width
 * @param {Context} context
 * @param {number[][]} rows
 */
function triangle(svg, width, context, rows) {
  const label = 26;
  const side = Math.min((width - label) / rows.length, 46);
  const cells = rows.flatMap((row, r) => row.map((share, c) => ({ share, r, c })));
  const text = (/** @type {string} */ name, /** @type {(i: number) => [number, number]} */ at) =>
    single(svg, "g", name)
      .selectAll("text")
      .data(context.tokens)
      .join("text")
      .attr("text-anchor", "middle")
      .attr("dominant-baseline", "central")
      .attr("x", (_, i) => at(i)[0])
      .attr("y", (_, i) => at(i)[1])
      .classed("chosen", (_, i) => i === context.position)
      .text((token) => context.symbol(token));
  const middle = (/** @type {number} */ i) => label + (i + 0.5) * side;
  text("columns", (i) => [middle(i), label / 2]);
  text("rows", (i) => [label / 2, middle(i)]);
  const groups = single(svg, "g", "shares")
    .selectAll("g")
    .data(cells)
    .join((enter) => {
      const group = enter.append("g");
      group.append("rect").attr("class", "ground");
      group.append("rect").attr("class", "value positive");
      group.append("text").attr("text-anchor", "middle").attr("dominant-baseline", "central");
      group.append("title");
      return group;
    })
    .attr("transform", ({ r, c }) => `translate(${label + c * side},${label + r * side})`);
  groups
    .select(".ground")
    .attr("width", side - 1)
    .attr("height", side - 1);
  groups
    .select(".value")
    .attr("width", side - 1)
    .attr("y", ({ share }) => (1 - share) * (side - 1))
    .attr("height", ({ share }) => share * (side - 1));
  groups
    .select("text")
    .attr("x", side / 2)
    .attr("y", side / 2)
    .attr("class", ({ share }) => (share > 0.6 ? "inside" : "beside"))
    .text(({ share }) => (side >= 24 && share >= 0.005 ? Math.round(100 * share) : ""));
  groups
    .select("title")
    .text(
      ({ share, r, c }) =>
        `${context.symbol(context.tokens[r])} → ${context.symbol(context.tokens[c])}: ${percent(share, 1)}`,
    );
  single(svg, "rect", "row-chosen")
    .attr("x", label - 1)
    .attr("y", label + context.position * side - 1)
    .attr("width", (context.position + 1) * side + 1)
    .attr("height", side + 1);
  return label + rows.length * side + 4;
}
