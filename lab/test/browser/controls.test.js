/**
 * Pause, step, prompt, temperature, seed, pad and reset, as a reader uses them.
 * @import { HostField } from "../../src/types.js"
 * @import { LabBrowser, LabPage } from "./page.js"
 */

import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { ask, badge, compared, running, says, startBrowser } from "./page.js";

/** @type {LabBrowser} */
let browser;
/** @type {LabPage} */
let page;
before(async () => (browser = await startBrowser()));
after(() => browser.close());
beforeEach(async () => {
  page = await browser.open();
  await running(page);
});
afterEach(async () => {
  assert.deepEqual(page.errors, []);
  const seen = await badge(page);
  assert.equal(seen.equal, seen.compared);
  await page.close();
});

const pause = () => page.click("[name=run] >> text=Pause");
const current = () => page.textContent(".written .current");
const frames = (/** @type {number} */ count) =>
  page.evaluate(async (n) => (await globalThis.lab.machine).console.frames(n), count);

/** Two pictures of the page later: on a busy machine the console makes several frames for one of them. */
const drawn = () =>
  page.evaluate(() => new Promise((done) => void requestAnimationFrame(() => requestAnimationFrame(done))));

/** Tokens that the badge has seen when no more come. */
async function settled() {
  await frames(20);
  await drawn();
  return (await badge(page)).compared;
}

test("paused, no token is made; a step makes exactly one; running goes on", async () => {
  await pause();
  const start = await settled();
  await frames(60);
  assert.equal((await badge(page)).compared, start);
  for (const n of [1, 2, 3]) {
    await page.click("text=Step one token");
    assert.equal(await settled(), start + n);
  }
  await page.click("[name=run] >> text=Run");
  await compared(page, start + 3);
});

test("steps of a request are the model's tokens, and the prompt's letters come first", async () => {
  await pause();
  const first = await settled();
  await ask(page, { prompt: "kar", seed: 7, tenths: 5 });
  await compared(page, first);
  for (let n = 0; n < 3; n++) {
    await page.click("text=Step one token");
    await frames(20);
  }
  const expected = await page.evaluate(() => {
    const { model } = globalThis.lab;
    const tokens = [...model.run({ seed: 7, tenths: 5, count: 1, prompt: model.encode("kar") })].slice(0, 4);
    return model.decode(tokens.map(({ next }) => next));
  });
  assert.equal((await current())?.replace("■", ""), expected);
  assert.equal(await page.textContent(".written .given >> nth=0"), "k");
});

test("temperature and seed are the cartridge's: what it reads from its command block changes", async () => {
  await ask(page, { prompt: "", seed: 7, tenths: 5, pace: "0" });
  await says(page, ".status", /seed 7/);
  await page.fill("[name=seed]", "300");
  await page.press("[name=seed]", "Tab");
  await page.focus("[name=temperature]");
  for (let n = 0; n < 3; n++) await page.keyboard.press("ArrowRight");
  await says(page, ".status", /seed 300.*temperature 0\.8/);
  const block = await page.evaluate(async () => {
    const { lab, machine } = globalThis.lab;
    const wram = (await machine).console.ram(lab.host.ram);
    const read = (/** @type {HostField} */ name) =>
      wram[lab.host.fields[name]] | (wram[lab.host.fields[name] + 1] << 8);
    return [read("seed"), read("temperature"), read("prompt_length")];
  });
  assert.deepEqual(block, [300, 8, 0]);
});

test("a prompt that the model cannot read is refused in a sentence, and nothing changes", async () => {
  await ask(page, { prompt: "x7", seed: 1, tenths: 5 });
  assert.match((await page.textContent("#prompt-error")) ?? "", /no symbol for “7”/);
  await ask(page, { prompt: "a".repeat(16), seed: 1, tenths: 5 });
  assert.match((await page.textContent("#prompt-error")) ?? "", /at most 15 tokens/);
  assert.match((await page.textContent(".status")) ?? "", /played by hand/);
});

test("the pad plays: Select shows the next screen, by pointer, by key and by Enter on the button", async () => {
  const shown = () => page.locator(".screen canvas").screenshot();
  await pause();
  await settled();
  const presses = [
    () => page.click("[aria-label='Pad: Select']", { delay: 100 }),
    async () => {
      await page.focus(".screen canvas");
      await page.keyboard.press("Backspace", { delay: 100 });
    },
    async () => {
      await page.focus("[aria-label='Pad: Select']");
      await page.keyboard.press("Enter");
    },
  ];
  await page.selectOption("[name=pace]", "0");
  await page.click("[name=run] >> text=Run");
  let last = await shown();
  for (const press of presses) {
    await press();
    await frames(30);
    const now = await shown();
    assert.notDeepEqual(now, last);
    last = now;
  }
});

test("reset brings the cartridge back to the person", async () => {
  await ask(page, { prompt: "a", seed: 7, tenths: 5, pace: "0" });
  await says(page, ".status", /request/);
  await page.click("text=Reset: play it yourself");
  await says(page, ".status", /played by hand/);
  await compared(page, (await badge(page)).compared + 20);
});
