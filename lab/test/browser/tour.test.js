/**
 * The tour in a real browser: every figure follows its controls, with the model's own numbers.
 * @import { Locator, Page } from "playwright-core"
 * @import { LabBrowser, LabPage, Options } from "./page.js"
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { start, step as adamStep } from "../../src/tour/adam.js";
import { createContext, firstWord } from "../../src/tour/context.js";
import { decimal, fixed, grouped, percent } from "../../src/tour/wording.js";
import { STEPS } from "../../src/tour/steps/index.js";
import { slice } from "../../src/tour/steps/adam.js";
import { shares } from "../../src/tour/steps/attention.js";
import { byteParts, clockParts } from "../../src/tour/steps/cartridge.js";
import { digitsOf } from "../../src/tour/steps/digits.js";
import { normedEmbedding } from "../../src/tour/steps/embeddings.js";
import { wordLosses } from "../../src/tour/steps/loss.js";
import { nextBars } from "../../src/tour/steps/residual.js";
import { candidates, namesOf } from "../../src/tour/steps/temperature.js";
import { VIEWS } from "../../src/tour/views.js";
import { lab, model } from "../tour/page_data.js";
import { PICTURES, says, startBrowser } from "./page.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WORD = lab.documents.find((name) => name.length === 4) ?? lab.documents[0];
const NAMES = STEPS.map((step) => step.id);

/** @type {LabBrowser} */
let browser;
before(async () => (browser = await startBrowser()));
after(() => browser.close());

/** The page with its console at rest, which it is for who wants no motion. */
const openPage = (/** @type {Options} */ options = {}) => browser.open({ reducedMotion: "reduce", ...options });

/**
 * Nothing went wrong, and nothing was asked of another origin; ends the page.
 * @param {LabPage} page
 */
async function closePage(page) {
  assert.deepEqual(page.errors, []);
  assert.deepEqual(
    page.requests.filter((url) => !/^(data|blob):/.test(url) && !url.startsWith(browser.url)),
    [],
  );
  await page.close();
}

const TOOLBAR = 140;

/**
 * Scroll an element to just below the toolbar, so that what is drawn only when near is drawn.
 * @param {Page} page
 * @param {Locator} locator
 */
async function show(page, locator) {
  await locator.evaluate((element, below) => {
    window.scrollTo(0, element.getBoundingClientRect().top + window.scrollY - below);
  }, TOOLBAR);
  await settled(page);
}

/** Two frames later: what scrolling and resizing set off has been drawn. */
const settled = (/** @type {Page} */ page) =>
  page.evaluate(() => new Promise((done) => void requestAnimationFrame(() => requestAnimationFrame(done))));

/** The same word in the page and in a context of the test's own. */
async function openWithWord(word = WORD) {
  const page = await openPage();
  await page.getByLabel("Your word").fill(word);
  const context = createContext({ lab, model });
  context.setWord(word);
  const section = (/** @type {string} */ step) => page.locator(`[data-step=${step}]`);
  return {
    page,
    context,
    /**
     * A step's figure, drawn.
     * @param {string} step
     */
    async figure(step) {
      await show(page, section(step).locator("figure"));
      return section(step).locator("figure");
    },
    summary: async (/** @type {string} */ step) => (await section(step).locator(".summary").textContent()) ?? "",
    /**
     * The cells of a step's table of all numbers.
     * @param {string} step
     */
    async numbers(step) {
      const details = section(step).locator("details");
      if (!(await details.evaluate((element) => element.hasAttribute("open")))) await details.locator("summary").click();
      await details.locator("td").first().waitFor();
      return details
        .locator("tr")
        .evaluateAll((rows) => rows.slice(1).map((row) => [...row.children].slice(1).map((cell) => cell.textContent)));
    },
  };
}

const move = (/** @type {Locator} */ figure, /** @type {string} */ label, /** @type {number} */ value) =>
  figure.getByRole("slider", { name: label }).fill(String(value));

/**
 * Runs `change` and asserts that the step's figure, its sentence included, is another one after it.
 * @param {Page} page
 * @param {string} step
 * @param {() => Promise<unknown>} change
 */
async function reacts(page, step, change) {
  const drawn = () => page.locator(`[data-step=${step}] figure`).evaluate((figure) => figure.innerHTML);
  const first = await drawn();
  await change();
  assert.notEqual(await drawn(), first, `${step} does not react`);
}

/**
 * What a pattern's groups catch.
 * @param {RegExp} pattern
 * @param {string | null} text
 */
function caught(pattern, text) {
  const found = pattern.exec(text ?? "");
  assert.ok(found, `${text} does not match ${pattern}`);
  return found.slice(1);
}

describe("every figure follows its controls", () => {
  /** @type {Awaited<ReturnType<typeof openWithWord>>} */
  let opened;
  before(async () => {
    opened = await openWithWord();
  });
  after(() => closePage(opened.page));

  test("tokenizer: a letter is added, deleted, a training name taken", async () => {
    const { page, figure, summary } = opened;
    const tokens = await figure("tokenizer");
    await reacts(page, "tokenizer", () =>
      tokens.getByRole("group", { name: "Alphabet" }).getByRole("button").nth(1).click(),
    );
    assert.match(
      await summary("tokenizer"),
      new RegExp(`“${WORD}${lab.symbols[1]}” is ${model.encode(WORD)[0]}, `),
    );
    await tokens.getByRole("button", { name: "Delete the last letter" }).click();
    assert.equal(await page.getByLabel("Your word").inputValue(), WORD);
    await tokens.getByRole("button", { name: "A name from the training text" }).click();
    assert.equal(await page.getByLabel("Your word").inputValue(), lab.documents[1]);
    await page.getByLabel("Your word").fill(WORD);
  });

  test("values: going back gives what a nudge gives", async () => {
    const { page, figure, summary } = opened;
    const graph = await figure("values");
    await reacts(page, "values", () => graph.getByRole("button", { name: "One step back" }).click());
    await graph.getByRole("button", { name: "All the way back" }).click();
    for (const input of ["w₁", "x₁", "w₂", "x₂"]) {
      await graph.getByLabel("Nudge").selectOption(input);
      const [nudged, walked] = caught(
        /by (\S+) times as much; the walk back says (\S+)\./,
        await summary("values"),
      );
      assert.equal(walked, nudged);
    }
    await reacts(page, "values", () => move(graph, "w₁", 2));
    assert.match(await summary("values"), /0 of 4 numbers/);
  });

  test("embeddings: the model's numbers at every place", async () => {
    const { context, figure, numbers, page } = opened;
    const picture = await figure("embeddings");
    const token = context.tokens[context.tokens.length - 1];
    for (const place of [0, 3, lab.config.block_size - 1]) {
      await move(picture, "Put the letter in place", place);
      const { sum, normed } = normedEmbedding(context, token, place);
      const rows = await numbers("embeddings");
      assert.deepEqual(
        rows[2],
        sum.map((value) => fixed(value)),
      );
      assert.deepEqual(
        rows[3],
        normed.map((value) => fixed(value)),
      );
    }
    await reacts(page, "embeddings", () => picture.getByRole("radio").first().check());
    context.setPosition(0);
    assert.deepEqual(
      (await numbers("embeddings"))[3],
      context.values("embed_norm").map((value) => fixed(value)),
    );
    await picture.getByRole("radio").last().check();
    context.setPosition(context.tokens.length - 1);
  });

  test("attention: every head's shares", async () => {
    const { context, figure, numbers, page } = opened;
    const picture = await figure("attention");
    for (let head = lab.config.n_head - 1; head >= 0; head -= 1) {
      const choose = () => picture.getByRole("group", { name: "Head" }).getByRole("radio").nth(head).check();
      await (head === lab.config.n_head - 1 ? reacts(page, "attention", choose) : choose());
      assert.deepEqual(
        await numbers("attention"),
        shares(context, 0, head).map((row) => row.map((share) => percent(share))),
      );
    }
  });

  test("mlp: the gate, and each unit before and after it", async () => {
    const { context, figure, numbers, page, summary } = opened;
    const gate = await figure("mlp");
    await reacts(page, "mlp", () => move(gate, "A number through the gate", 1.5));
    assert.match(await summary("mlp"), /^1\.5 comes out of the gate as 1\.5\./);
    await move(gate, "A number through the gate", -0.5);
    assert.match(await summary("mlp"), /^−0\.5 comes out of the gate as 0\./);
    const open = context.values("layer0.activation").filter((value) => value > 0).length;
    assert.match(await summary("mlp"), new RegExp(` ${open} of ${lab.config.n_hidden} hidden units`));
    const expected = context
      .values("layer0.fc1")
      .map((value, i) => [value, context.values("layer0.activation")[i]].map((v) => fixed(v, 3)));
    assert.deepEqual(await numbers("mlp"), expected);
    await reacts(page, "mlp", () => move(gate, "Hidden unit", 5));
    assert.ok(
      (await summary("mlp")).includes(`Unit 5: ${expected[5][0]} before the gate, ${expected[5][1]} after`),
    );
  });

  test("residual: the stream, and what is expected without a part", async () => {
    const { context, figure, numbers, page, summary } = opened;
    const stream = await figure("residual");
    assert.deepEqual(
      (await numbers("residual")).at(-1),
      context.values("layer0.mlp_residual").map((value) => fixed(value)),
    );
    /** @type {[label: string, part: "attention" | "mlp"][]} */
    const parts = [
      ["leave out attention", "attention"],
      ["leave out the MLP", "mlp"],
    ];
    for (const [label, part] of parts) {
      await reacts(page, "residual", () => stream.getByLabel(label).check());
      const best = nextBars(context, [part]).sort((a, b) => b.value - a.value)[0];
      assert.match(await summary("residual"), new RegExp(`it would expect ${best.label} ${percent(best.value)}`));
      await stream.getByLabel(label).uncheck();
    }
  });

  test("loss: of every letter, and with the true one's score moved", async () => {
    const { context, figure, page, summary } = opened;
    const picture = await figure("loss");
    for (const [place, nats] of wordLosses(context).entries()) {
      await picture.getByRole("radio").nth(place).check();
      assert.ok((await summary("loss")).includes(`loss ${fixed(nats, 3)},`));
    }
    await reacts(page, "loss", () => move(picture, "Add to the true letter's score", 6));
    const [nats] = caught(/loss (\S+),/, await summary("loss"));
    const losses = wordLosses(context);
    assert.ok(Number(nats) < losses[losses.length - 1]);
  });

  test("backward: down to a weight, whose nudge agrees", async () => {
    const { figure, page, summary } = opened;
    const graph = await figure("backward");
    await reacts(page, "backward", () => graph.locator(".made button").first().click());
    await graph.getByRole("button", { name: "Back to the loss" }).click();
    assert.match(await summary("backward"), /^mean loss is .* is 1\.00000\.$/);
    await graph.getByRole("button", { name: "Follow the largest gradient" }).click();
    await graph.getByRole("button", { name: "Nudge this weight" }).click();
    const [found, said] = caught(
      /slope of (\S+); going backward said (\S+)\./,
      await graph.locator(".check").textContent(),
    );
    const number = (/** @type {string} */ text) => Number(text.replace("−", "-"));
    assert.ok(number(said) !== 0);
    assert.ok(Math.abs(number(found) - number(said)) < 1e-4 * (1 + Math.abs(number(said))), `${found} and ${said}`);
  });

  test("adam: the steps are Adam's on the model's loss", async () => {
    const { context, figure, page, summary } = opened;
    const picture = await figure("adam");
    const one = slice(context, "lm_head");
    await move(picture, "Learning rate", 0.2);
    await move(picture, "Start this far from the trained value", -1.5);
    await reacts(page, "adam", () => picture.getByRole("button", { name: "Ten steps" }).click());
    let state = start(one.trained - 1.5);
    for (let i = 0; i < 10; i += 1) state = adamStep(state, one.gradient(state.weight), 0.2);
    assert.ok(
      (await summary("adam")).includes(
        `after 10 steps it is ${fixed(state.weight, 3)}, loss ${fixed(one.loss(state.weight), 4)}`,
      ),
    );
    await picture.getByRole("button", { name: "One step" }).click();
    assert.match(await summary("adam"), /after 11 steps/);
    await reacts(page, "adam", () => picture.getByRole("combobox").selectOption({ index: 1 }));
    await reacts(page, "adam", () => picture.getByRole("button", { name: "One step" }).click());
    await picture.getByRole("button", { name: "Start again" }).click();
    assert.match(await summary("adam"), /after 0 steps/);
  });

  test("training: every moment of the log, and what was written then", async () => {
    const { figure, page, summary } = opened;
    const picture = await figure("training");
    const { curve, samples } = lab.training;
    await reacts(page, "training", () => move(picture, "Moment of the training", 1));
    for (const i of [1, Math.ceil(curve.length / 2), curve.length]) {
      await move(picture, "Moment of the training", i);
      const [step, learned, held] = curve[i - 1];
      const text = await summary("training");
      for (const part of [grouped(step), fixed(learned, 4), fixed(held, 4)]) {
        assert.ok(text.includes(part), `${part} in ${text}`);
      }
    }
    await move(picture, "Moment of the training", 0);
    const written = await picture.locator(".samples li").allTextContents();
    assert.deepEqual(
      written,
      samples[0][1].map((text) => text || "(nothing)"),
    );
  });

  test("temperature: shares, the draw and the names are the sampler's", async () => {
    const { context, figure, page, summary } = opened;
    const picture = await figure("temperature");
    await reacts(page, "temperature", () => move(picture, "Temperature", 0));
    assert.match(await summary("temperature"), /1 of \d+ tokens can be drawn\. The likeliest has 100\.0 %/);
    for (const [tenths, seed] of [
      [15, 1],
      [7, 42],
    ]) {
      await move(picture, "Temperature", tenths);
      await move(picture, "Seed", seed);
      const names = namesOf(model, lab.config, { seed, tenths, count: 6, prompt: [] });
      assert.deepEqual(await picture.locator(".samples li").allTextContents(), names);
      const [drawn] = caught(/draws ([\d,]+) of/, await summary("temperature"));
      const found = candidates(context, tenths, Number(drawn.replace(",", "")));
      assert.ok((await summary("temperature")).includes(`so picks ${context.symbol(found.drawn)} (`));
    }
  });

  test("q88: a number, its bits, its product", async () => {
    const { figure, page, summary } = opened;
    const picture = await figure("q88");
    await reacts(page, "q88", () => picture.getByRole("spinbutton").fill("1.501"));
    assert.match(await summary("q88"), /^1\.501 is kept as the integer 384, which stands for 1\.5;/);
    await picture.getByRole("button", { name: "1/256: 0" }).click();
    assert.match(await summary("q88"), /integer 385,/);
    await move(picture, "Multiply by", -2);
    assert.match((await picture.locator(".lines").textContent()) ?? "", /385 × −512 = −197,120.*−770, counted in 256ths/);
    await picture.getByRole("spinbutton").fill("500");
    assert.match(await summary("q88"), /outside the range/);
  });

  test("digits: the weights' own", async () => {
    const { figure, page, summary } = opened;
    const picture = await figure("digits");
    await picture.getByRole("combobox").selectOption("lm_head");
    for (const [r, c] of [
      [0, 5],
      [3, 2],
      [lab.config.vocab_size - 1, lab.config.n_embd - 1],
    ]) {
      await move(picture, "Row", r);
      await move(picture, "Column", c);
      const weight = lab.tensors.lm_head.values[r * lab.config.n_embd + c];
      assert.ok((await summary("digits")).startsWith(`lm_head[${r}, ${c}] is ${decimal(weight)} / 256`));
      assert.equal(await picture.locator(".lines li").count(), Math.max(1, digitsOf(lab, "lm_head", r, c).length));
    }
    await move(picture, "Column", 5);
    await move(picture, "Row", 0);
    await reacts(page, "digits", () => move(picture, "Input x", -3));
  });

  test("row: run to its end the code has the model's logit, at every token of the word", async () => {
    const { context, figure, page, summary } = opened;
    const { row } = lab;
    assert.ok(row);
    const picture = await figure("row");
    await reacts(page, "row", () => picture.getByRole("button", { name: "One instruction" }).click());
    assert.equal(await picture.locator(".listing .done").count(), 1);
    await picture.getByRole("button", { name: "To the end" }).click();
    for (const position of context.tokens.keys()) {
      const strip = await figure("attention");
      await strip.getByRole("group", { name: "Which row" }).getByRole("radio").nth(position).check();
      await figure("row");
      assert.match(
        await summary("row"),
        new RegExp(` is ${context.pass[position].logits[row.row]}: equal\\.$`),
      );
    }
    await reacts(page, "row", () => picture.getByRole("button", { name: "Back to the start" }).click());
  });

  test("cartridge: every stage and every bank", async () => {
    const { figure, summary } = opened;
    const { predicted } = lab.build;
    assert.ok(predicted);
    const picture = await figure("cartridge");
    const parts = picture.locator(".budget").getByRole("radio");
    for (const [i, { name, amount }] of clockParts(predicted).entries()) {
      await parts.nth(i).check();
      assert.ok((await summary("cartridge")).startsWith(`${name}: ${grouped(amount)} clocks`));
    }
    await picture.getByRole("radio", { name: "Banks of the cartridge" }).check();
    for (const [i, { name, amount }] of byteParts(lab.build).entries()) {
      await parts.nth(i).check();
      assert.ok((await summary("cartridge")).startsWith(`${name}: ${grouped(amount)} of 32,768 bytes`));
    }
  });
});

test("typing a word changes tokens, embeddings and attention to the model's", async () => {
  const opened = await openWithWord();
  const { context, figure, numbers, page } = opened;
  for (const word of lab.documents.slice(10, 13)) {
    await figure("tokenizer");
    await page.getByLabel("Your word").fill(word);
    context.setWord(word);
    const tokens = await page.locator("[data-step=tokenizer] .tokens small").allTextContents();
    assert.deepEqual(tokens.map(Number), [lab.config.bos, ...model.encode(word)]);
    await figure("embeddings");
    assert.deepEqual(
      (await numbers("embeddings"))[3],
      context.values("embed_norm").map((value) => fixed(value)),
    );
    await figure("attention");
    assert.deepEqual(
      await numbers("attention"),
      shares(context, 0, 0).map((row) => row.map((share) => percent(share))),
    );
  }
  await page.getByLabel("Your word").fill("☃x".repeat(20));
  const said = await page.locator(".tour .problem").textContent();
  assert.match(said ?? "", /no symbol for “☃”.*left out/);
  await closePage(page);
});

test("three views of every step, in the address and remembered", async () => {
  const page = await openPage();
  for (const [view, label] of Object.entries(VIEWS).reverse()) {
    await page.getByRole("radio", { name: label }).check();
    assert.ok(page.url().endsWith(`/${view}`));
    for (const step of NAMES) {
      const seen = (/** @type {string} */ kind) => page.locator(`[data-step=${step}] .text.${kind}`).isVisible();
      assert.deepEqual(
        [await seen("plain"), await seen("technical")],
        [view !== "technical", view !== "plain"],
        step,
      );
    }
  }
  for (const step of NAMES) await show(page, page.locator(`[data-step=${step}] figure`)); // so that all are drawn
  await show(page, page.locator("[data-step=training]"));
  const place = () => page.locator("#step-training").evaluate((title) => title.getBoundingClientRect().top);
  const first = await place();
  await page.getByRole("radio", { name: "technical" }).check();
  await settled(page);
  assert.ok(Math.abs((await place()) - first) <= 1, "the step in sight stays where it is, to the pixel");
  assert.ok(page.url().endsWith("#training/technical"));
  await page.goto("about:blank");
  await page.goto(browser.url);
  await page.locator(".step").first().waitFor();
  assert.equal(await page.locator(".tour").getAttribute("data-view"), "technical");
  await page.goto(`${browser.url}#loss/plain`);
  await page.waitForFunction(() => document.querySelector(".tour")?.getAttribute("data-view") === "plain");
  const top = await page.locator("#step-loss").evaluate((title) => title.getBoundingClientRect().top);
  assert.ok(top >= 0 && top < 450, `the step is in sight: ${top}`);
  await closePage(page);
});

test("by keyboard alone: a step from the list, a slider, a choice, a button", async () => {
  const page = await openPage();
  await page.getByRole("link", { name: STEPS[3].title }).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "step-attention");
  await page.keyboard.press("Tab");
  const summaryOf = async (/** @type {string} */ step) =>
    (await page.locator(`[data-step=${step}] .summary`).textContent()) ?? "";
  const first = await summaryOf("attention");
  await page.keyboard.press("ArrowRight");
  assert.match(await summaryOf("attention"), /^Head 2/);
  assert.notEqual(await summaryOf("attention"), first);
  await page.keyboard.press("Tab");
  const last = firstWord(lab, model).length;
  for (const place of [last - 1, last - 2]) {
    await page.keyboard.press("ArrowLeft");
    await says(page, "[data-step=attention] .summary", new RegExp(`^Head 2, at place ${place},`));
  }
  await page.locator("[data-step=mlp]").getByRole("slider").first().focus();
  await page.keyboard.press("End");
  assert.match(await summaryOf("mlp"), /^3 comes out of the gate as/);
  await page.locator("[data-step=values]").getByRole("button", { name: "One step back" }).focus();
  await page.keyboard.press("Space");
  assert.match(await summaryOf("values"), /1 of 4 numbers/);
  await closePage(page);
});

test("a figure that was never in sight works when it is used", async () => {
  const page = await openPage();
  const far = page.locator("[data-step=adam]");
  const summaryOf = async (/** @type {Locator} */ step) => (await step.locator(".summary").textContent()) ?? "";
  assert.equal(await summaryOf(far), "");
  await far.getByRole("button", { name: "Ten steps" }).evaluate((button) => /** @type {HTMLElement} */ (button).click());
  assert.match(await summaryOf(far), /after 10 steps/);
  const graph = page.locator("[data-step=values]");
  await graph.getByRole("button", { name: "All the way back" }).evaluate((button) => /** @type {HTMLElement} */ (button).click());
  assert.match(await summaryOf(graph), /the walk back says/);
  await closePage(page);
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [device, viewport] of Object.entries({
    desk: { width: 1280, height: 900 },
    phone: { width: 360, height: 740 },
  })) {
    test(`${colorScheme}, ${device}: no serious finding of axe, no scrolling sideways, nothing moves, a picture of each step`, async () => {
      const page = await openPage({ colorScheme, viewport });
      await page.getByRole("radio", { name: device === "desk" ? "both" : "plain" }).check();
      for (const step of NAMES) {
        const section = page.locator(`[data-step=${step}]`);
        await show(page, section);
        assert.ok(await section.locator(".summary").textContent(), `${step} says what it shows`);
        await page.locator(".tour .toolbar").evaluate((bar) => bar.style.setProperty("position", "static"));
        await section.screenshot({ path: `${PICTURES}${step}-${colorScheme}-${device}.png` });
        await page.locator(".tour .toolbar").evaluate((bar) => bar.style.removeProperty("position"));
      }
      for (const view of Object.values(VIEWS)) {
        await page.getByRole("radio", { name: view }).check();
        assert.ok(
          (await page.evaluate(() => document.documentElement.scrollWidth)) <= viewport.width,
          `${view} is too wide`,
        );
      }
      for (const details of await page.locator(".tour details > summary").all()) await details.click();
      assert.ok(
        (await page.evaluate(() => document.documentElement.scrollWidth)) <= viewport.width,
        "a table is too wide",
      );
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => window.axe.run(".tour"));
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(
        serious.map(({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => node.html)]),
        [],
      );
      await closePage(page);
    });
  }
}
