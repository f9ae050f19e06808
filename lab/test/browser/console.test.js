/**
 * The real ROM in the real Snes9x in a real browser: it draws, and its memory holds what Python's integer model
 * computes.
 * @import { Page } from "playwright-core"
 * @import { Golden, GoldenToken } from "../model/golden.js"
 * @import { LabBrowser } from "./page.js"
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { parsed } from "../../src/model/packed.js";
import { BUILD, PICTURES, ask, badge, compared, running, startBrowser } from "./page.js";

/** @type {Golden["requests"]} */
const GOLDEN = parsed(readFileSync(`${BUILD}lab-golden/console.json`, "utf8")).requests;
const PAGE_BYTES = 2.5e6;

/** @type {LabBrowser} */
let browser;
before(async () => (browser = await startBrowser()));
after(() => browser.close());

/**
 * Every token that the console logs for a request, with all that it keeps of it.
 * @param {Page} page
 * @param {typeof GOLDEN[number]} request
 */
function logged(page, request) {
  return page.evaluate(async ({ seed, tenths, count, prompt, wanted }) => {
    const { lab, machine } = globalThis.lab;
    const { host } = await machine;
    const names = Object.keys(lab.record.entries);
    await host.request({ seed, tenths, count, prompt });
    /** @type {Promise<Omit<GoldenToken, "logits">[]>} */
    const made = new Promise((resolve) => {
      /** @type {Omit<GoldenToken, "logits">[]} */
      const found = [];
      const stop = host.onRecord(({ token, position, next, x, y, values }) => {
        const trace = Object.fromEntries(names.map((name) => [name, [...values(name)]]));
        if (found.push({ token, position, next, x, y, trace }) < wanted) return;
        stop();
        resolve(found);
      });
    });
    return made;
  }, { ...request, wanted: request.tokens.length });
}

/**
 * Presses A, which asks for more names where the page of the console is full, until the badge has compared more tokens.
 * @param {Page} page
 * @param {number} tokens
 */
async function playedOn(page, tokens) {
  await page.focus(".screen canvas");
  for (let press = 0; press < 60 && (await badge(page)).compared <= tokens; press++) {
    await page.keyboard.press("x", { delay: 100 });
    await page.waitForTimeout(400);
  }
  await compared(page, tokens);
}

/**
 * How many different colours the picture of the console has.
 * @param {Page} page
 */
async function colours(page) {
  const picture = await page.locator(".screen canvas").screenshot({ path: `${PICTURES}console.png` });
  return page.evaluate(async (bytes) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    if (!context) return 0;
    context.drawImage(bitmap, 0, 0);
    return new Set(new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size;
  }, [...picture]);
}

test("the ROM boots, draws, and keeps sixty frames a second", async (t) => {
  const page = await browser.open();
  await running(page);
  await page.waitForTimeout(1000);
  assert.ok((await colours(page)) > 8, "the picture is blank");
  const { first, frames } = await page.evaluate(async () => {
    const { console } = await globalThis.lab.machine;
    const [frame, start] = [console.frame, performance.now()];
    await new Promise((resolve) => void setTimeout(resolve, 2000));
    return { first: console.firstFrame, frames: ((console.frame - frame) * 1000) / (performance.now() - start) };
  });
  t.diagnostic(`first frame ${Math.round(first ?? NaN)} ms after the page was asked for; ${frames.toFixed(1)} frames/s`);
  await page.locator(".stage").screenshot({ path: `${PICTURES}playing.png` });
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("every token of every golden request is Python's, with all that the console keeps of it", async (t) => {
  const page = await browser.open();
  await running(page);
  await page.selectOption("[name=pace]", "0");
  for (const request of GOLDEN) {
    const found = await logged(page, request);
    found.forEach((token, n) => {
      const { trace, logits, ...words } = request.tokens[n];
      /** @type {Record<string, number[]>} */
      const all = { ...trace, logits };
      const kept = Object.fromEntries(Object.keys(token.trace).map((name) => [name, all[name]]));
      assert.deepEqual(token, { ...words, trace: kept }, `seed ${request.seed}, token ${n}`);
    });
    t.diagnostic(`seed ${request.seed}, T ${request.tenths / 10}: ${found.length} tokens equal`);
  }
  assert.ok(GOLDEN[GOLDEN.length - 1].tokens.length >= 200);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the badge counts hundreds of equal tokens, of a request and of a person's play", async () => {
  const page = await browser.open();
  await running(page);
  await page.selectOption("[name=pace]", "0");
  await compared(page, 49);
  await playedOn(page, 199);
  const played = await badge(page);
  assert.equal(played.equal, played.compared);
  await ask(page, { prompt: "kar", seed: 7, tenths: 5 });
  await compared(page, played.compared + 399);
  const both = await badge(page);
  assert.deepEqual([both.state, both.equal], ["equal", both.compared]);
  await page.locator(".stage").screenshot({ path: `${PICTURES}request.png` });
  await page.close();
});

test("no request leaves the page's origin, and the page is within its budget", async (t) => {
  const page = await browser.open();
  await running(page);
  const outside = page.requests.filter((url) => !url.startsWith(browser.url) && !/^(data|blob):/.test(url));
  assert.deepEqual(outside, []);
  const files = page.requests.filter((url) => url.startsWith(browser.url)).map((url) => url.slice(browser.url.length) || "index.html");
  const content = [...new Set(files)].map((file) => readFileSync(`${BUILD}lab/${file}`));
  const sum = (/** @type {number[]} */ sizes) => sizes.reduce((total, size) => total + size, 0);
  const raw = sum(content.map((bytes) => bytes.length));
  const gzipped = sum(content.map((bytes) => Math.min(bytes.length, gzipSync(bytes).length)));
  const folder = sum(readdirSync(`${BUILD}lab`, { recursive: true, encoding: "utf8" }).map((name) => statSync(`${BUILD}lab/${name}`)).filter((s) => s.isFile()).map((s) => s.size));
  t.diagnostic(`${content.length} files: ${raw} bytes as they are, ${gzipped} from a server that gzips; ${folder} in the folder`);
  assert.ok(raw <= PAGE_BYTES, `${raw} bytes`);
  await page.close();
});
