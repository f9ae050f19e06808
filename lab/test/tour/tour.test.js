/** The parts of the tour that need no page: word, views, texts, what the figures count. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext, readWord } from "../../src/tour/context.js";
import { html } from "../../src/tour/elements.js";
import { STEPS } from "../../src/tour/steps/index.js";
import { shares } from "../../src/tour/steps/attention.js";
import { byteParts, clockParts } from "../../src/tour/steps/cartridge.js";
import { nearest, normedEmbedding } from "../../src/tour/steps/embeddings.js";
import { wordLosses } from "../../src/tour/steps/loss.js";
import { candidates, namesOf } from "../../src/tour/steps/temperature.js";
import { samplesAt } from "../../src/tour/steps/training.js";
import { VIEWS, hashOf, parseHash, remember, remembered } from "../../src/tour/views.js";
import { lab, model } from "./page_data.js";

const context = createContext({ lab, model });
const close = (/** @type {number} */ a, /** @type {number} */ b) =>
  assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("fifteen steps, each with two texts and its files", () => {
  assert.equal(STEPS.length, 15);
  assert.equal(new Set(STEPS.map((step) => step.id)).size, 15);
  for (const step of STEPS) {
    for (const [view, { text }] of Object.entries({ plain: step.plain(context), technical: step.technical(context) })) {
      const words = text
        .replace(/<[^>]*>/g, " ")
        .split(/\s+/)
        .filter(Boolean).length;
      assert.ok(words >= 45 && words <= 175, `${step.id}, ${view}: ${words} words`);
      assert.doesNotMatch(text, /undefined|NaN|\[object|null/, `${step.id}, ${view}`);
    }
    assert.ok(step.files.length);
  }
});

test("a word: capitals are lowered, what has no symbol or no room is left out and said", () => {
  const known = lab.symbols.slice(0, 3).join("");
  assert.deepEqual(readWord(lab, model, known).problem, "");
  assert.equal(readWord(lab, model, known.toUpperCase()).word, known);
  const odd = readWord(lab, model, `${known}☃`);
  assert.equal(odd.word, known);
  assert.match(odd.problem, /☃/);
  const long = readWord(lab, model, lab.symbols[0].repeat(40));
  assert.equal(long.tokens.length, lab.config.block_size);
  assert.match(long.problem, /left out/);
  assert.deepEqual(readWord(lab, model, "").tokens, [lab.config.bos]);
});

test("hash: step and view, each on its own; anything else is nothing", () => {
  const steps = STEPS.map((step) => step.id);
  assert.deepEqual(parseHash(hashOf("loss", "both"), steps), { step: "loss", view: "both" });
  assert.deepEqual(parseHash("#loss", steps), { step: "loss", view: null });
  assert.deepEqual(parseHash("#nowhere/constructor", steps), { step: null, view: null });
  assert.deepEqual(parseHash("", steps), { step: null, view: null });
});

test("the view is remembered; a browser that forbids it does no harm", () => {
  const kept = new Map();
  const storage = () => ({
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
  });
  const forbidden = () => {
    throw new Error("SecurityError");
  };
  assert.equal(remembered(storage), null);
  for (const view of Object.keys(VIEWS)) {
    remember(view, storage);
    assert.equal(remembered(storage), view);
  }
  remember("both", forbidden);
  assert.equal(remembered(forbidden), null);
});

test("texts escape what they are given", () => {
  assert.equal(html`<p>${"<b>&"}</p>${html`<i>${1}</i>`}`.text, "<p>&lt;b&gt;&amp;</p><i>1</i>");
});

test("attention's shares add up to one, row by row, and look at nothing to come", () => {
  for (let head = 0; head < lab.config.n_head; head += 1) {
    shares(context, 0, head).forEach((row, position) => {
      assert.equal(row.length, position + 1);
      close(
        row.reduce((a, b) => a + b, 0),
        1,
      );
    });
  }
});

test("an embedding at the word's own place is the one the model has there", () => {
  context.tokens.forEach((token, place) => {
    assert.deepEqual(normedEmbedding(context, token, place).normed, context.values("embed_norm", place));
  });
});

test("the nearest letters: all others once, the most alike first", () => {
  const list = nearest(lab.tensors.wte, 0);
  assert.equal(list.length, lab.config.vocab_size - 1);
  list.slice(1).forEach((entry, i) => assert.ok(entry.likeness <= list[i].likeness));
});

test("losses are −ln of shares that add up to one", () => {
  for (const nats of wordLosses(context)) assert.ok(nats > 0 && Number.isFinite(nats));
  assert.equal(wordLosses(context).length, context.tokens.length);
});

test("at temperature 0 the likeliest token has everything; the draw is the sampler's", () => {
  for (const tenths of [0, 1, 5, 20]) {
    const found = candidates(context, tenths, 40000);
    close(
      found.shares.reduce((a, b) => a + b, 0),
      1,
    );
    assert.ok(found.shares[found.drawn] > 0);
    if (!tenths) assert.equal(found.shares[found.drawn], 1);
  }
  context.setPosition(0);
  assert.equal(candidates(context, 5, 65535).shares[lab.config.bos], 0, "no name is empty");
});

test("names of a request are those of the model's own run", () => {
  const request = { seed: 7, tenths: 5, count: 4, prompt: [] };
  const names = namesOf(model, lab.config, request);
  assert.equal(names.length, 4);
  const letters = [...model.run(request)].map(({ next }) => next);
  assert.equal(names.join(""), model.decode(letters.filter((token) => token !== lab.config.bos)));
});

test("samples are the last written by then", () => {
  /** @type {[step: number, texts: string[]][]} */
  const samples = [
    [0, ["x"]],
    [10, ["y"]],
  ];
  assert.deepEqual(
    [0, 9, 10, 99].map((step) => samplesAt(samples, step)[0]),
    ["x", "x", "y", "y"],
  );
  assert.deepEqual(samplesAt([], 5), []);
});

test("the budget: all segments are in a bank, all clocks in a stage", () => {
  const bytes = byteParts(lab.build).reduce((sum, { amount }) => sum + amount, 0);
  assert.equal(
    bytes,
    Object.values(lab.build.segments).reduce((a, b) => a + b, 0),
  );
  const { predicted } = lab.build;
  assert.ok(predicted);
  const parts = clockParts(predicted);
  assert.ok(
    parts.every(({ does }) => does),
    "every stage is explained",
  );
  const clocks = parts.reduce((sum, { amount }) => sum + amount, 0);
  assert.ok(Math.abs(clocks - predicted.clocks_per_token) <= parts.length);
});
