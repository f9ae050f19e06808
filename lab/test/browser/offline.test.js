/**
 * The site without a network, and after it has changed.
 * @import { Page } from "playwright-core"
 * @import { LabBrowser } from "./page.js"
 */

import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import { BUILD, compared, running, says, startBrowser } from "./page.js";

const SITE = `${BUILD}site-test/`;
const COPY = "site-changed"; // for a test that changes it

/** @type {LabBrowser} */
let browser;
beforeEach(async () => {
  cpSync(SITE, BUILD + COPY, { recursive: true });
  browser = await startBrowser(COPY);
});
afterEach(async () => {
  await browser.close();
  rmSync(BUILD + COPY, { recursive: true });
});

const listed = (/** @type {string} */ folder) => {
  const [, version, list] = /"(.*)";\nself\.files = (.*);\n/.exec(readFileSync(`${folder}files.js`, "utf8")) ?? [];
  const { shell, others } = JSON.parse(list);
  return { version, names: [...Object.keys(shell), ...Object.keys(others)], hashes: { ...shell, ...others } };
};

/**
 * Waits until something asynchronous is true in the page.
 * @template G
 * @param {Page} page
 * @param {(given: G) => Promise<unknown>} condition
 * @param {G} given
 */
async function until(page, condition, given) {
  const evaluate = /** @type {(condition: unknown, given: unknown) => Promise<unknown>} */ (page.evaluate.bind(page));
  for (let tries = 0; tries < 300; tries++) {
    if (await evaluate(condition, given)) return;
    await page.waitForTimeout(100);
  }
  assert.fail(`never: ${condition}`);
}

/**
 * Waits until the copy of a version has every file.
 * @param {Page} page
 * @param {{version: string, names: string[]}} list
 */
const kept = (page, { version, names }) =>
  until(page, async ([wanted, count]) => {
    const name = (await caches.keys()).find((each) => each.endsWith(` ${wanted}`));
    return name && (await (await caches.open(name)).keys()).length === count;
  }, /** @type {[string, number]} */ ([version, names.length]));

test("after a visit every page of the site is there without a network", async () => {
  const page = await browser.open();
  await kept(page, listed(SITE));
  await page.context().setOffline(true);
  await page.reload();
  await page.waitForFunction(() => globalThis.lab);
  await running(page);
  await page.goto(`${browser.url}lab.html?cartridge=stories&target=sa1&seed=3`);
  await says(page, ".status", /request, seed 3/);
  await compared(page, 2);
  await page.goto(`${browser.url}docs/`);
  assert.equal(await page.locator("h1, p").count() > 0, true);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a new version takes the old one's place when no page of it is open, and fetches what has changed", async () => {
  const old = listed(`${BUILD}${COPY}/`);
  const page = await browser.open();
  const context = page.context();
  await kept(page, old);

  const list = `${BUILD}${COPY}/files.js`;
  writeFileSync(`${BUILD}${COPY}/docs/index.html`, "<!doctype html><title>new</title><p id=new>The new docs.");
  writeFileSync(list, readFileSync(list, "utf8").replace(old.version, "new").replace(old.hashes["docs/index.html"], "changed"));
  const fetched = /** @type {string[]} */ ([]);
  context.on("request", (request) => request.serviceWorker() && fetched.push(request.url().slice(browser.url.length)));
  const second = await context.newPage();
  await second.goto(browser.url);
  await until(second, async () => (await navigator.serviceWorker.getRegistration())?.waiting?.state, null);
  await second.goto(`${browser.url}docs/`);
  assert.equal(await second.locator("#new").count(), 0);
  page.removeAllListeners("close"); // which ends the context too
  await Promise.all([page.close(), second.close()]);

  const third = await context.newPage();
  await third.goto(browser.url);
  await kept(third, { ...old, version: "new" });
  await third.goto(`${browser.url}docs/`);
  await third.waitForSelector("#new");
  await until(third, async () => (await caches.keys()).length === 1, null);
  assert.deepEqual(fetched.filter((name) => name in old.hashes), ["docs/index.html"]);
  await context.close();
});
