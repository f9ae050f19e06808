/**
 * The built page in a real Chromium, served from loopback as `make lab-serve` does.
 * @import { Browser, BrowserContextOptions, Page } from "playwright-core"
 */

import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { preview } from "vite";

const LAB = fileURLToPath(new URL("../..", import.meta.url));
export const BUILD = fileURLToPath(new URL("../../../build/", import.meta.url));
export const PICTURES = `${BUILD}lab-pictures/`;

const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-gl=angle", // WebGL without a graphics card
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];

const onPath = (/** @type {string} */ name) => {
  const found = (process.env.PATH ?? "").split(":").map((folder) => `${folder}/${name}`).find(existsSync);
  if (!found) throw new Error(`${name} is not on the PATH: make lab-test installs it`);
  return found;
};

/** A script for a browser that has none. */
export const withoutWasm = () => void Reflect.deleteProperty(globalThis, "WebAssembly");

/**
 * What may be asked of a page besides a browser context's options.
 * @typedef {object} Asked
 * @property {string} [at] the page's address on the server
 * @property {() => void} [before] script to run first
 * @property {Record<string, object>} [answers] path on the server → what to answer in place of it
 */

/** @typedef {Asked & BrowserContextOptions} Options */

/**
 * A page with every request's URL, and every error of page, console and network.
 * @typedef {Page & {requests: string[], errors: string[]}} LabPage
 */

/** @typedef {Awaited<ReturnType<typeof startBrowser>>} LabBrowser */

/**
 * A server of a folder in build/, and a browser: open(options) gives a page; close() ends both.
 * @param {string} folder
 */
export async function startBrowser(folder = "lab") {
  const build = { outDir: `${BUILD}${folder}` };
  const server = await preview({ root: LAB, configFile: `${LAB}vite.config.js`, build, preview: { port: 0 }, logLevel: "warn" });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error("the server has no address");
  const browser = await chromium.launch({ executablePath: onPath("chromium"), args: FLAGS });
  mkdirSync(PICTURES, { recursive: true });
  return {
    url,
    open: (/** @type {Options} */ options = {}) => openPage(browser, url, options),
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/**
 * The page as its options want it.
 * @param {Browser} browser
 * @param {string} url
 * @param {Options} options
 * @returns {Promise<LabPage>}
 */
async function openPage(browser, url, { at = "", before = () => {}, answers = {}, ...options }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options });
  /** @type {string[]} */
  const requests = [];
  /** @type {string[]} */
  const errors = [];
  const page = Object.assign(await context.newPage(), { requests, errors });
  page.setDefaultTimeout(30_000);
  page.on("request", (request) => requests.push(request.url()));
  page.on("requestfailed", (request) => errors.push(`${request.url()} failed`));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("close", () => context.close().catch(() => {})); // the browser may have closed it first
  await page.addInitScript(before);
  for (const [path, answer] of Object.entries(answers)) await page.route(`${url}${path}`, (route) => route.fulfill(answer));
  await page.goto(url + at);
  await page.waitForFunction(() => globalThis.lab); // the page's context, once its data is there
  return page;
}

/**
 * Waits until the badge has compared more tokens than this.
 * @param {Page} page
 * @param {number} tokens
 */
export const compared = (page, tokens) =>
  page.waitForFunction((n) => Number(document.querySelector(".badge")?.getAttribute("data-compared")) > n, tokens);

/**
 * Waits until the text of an element matches.
 * @param {Page} page
 * @param {string} selector
 * @param {RegExp} pattern
 */
export const says = (page, selector, pattern) =>
  page.waitForFunction(
    ([where, source]) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ""),
    [selector, pattern.source],
  );

/**
 * Waits until the console runs and its first token is there.
 * @param {Page} page
 */
export async function running(page) {
  await page.evaluate(() => globalThis.lab.machine.then(() => {}));
  await compared(page, 0);
}

/**
 * Numbers of the badge.
 * @param {Page} page
 */
export const badge = (page) =>
  page.$eval(".badge", (element) => {
    const data = (/** @type {string} */ name) => element.getAttribute(`data-${name}`);
    return { compared: Number(data("compared")), equal: Number(data("equal")), state: data("state") };
  });

/**
 * Asks for names as a reader does.
 * @param {Page} page
 * @param {{prompt?: string, seed: number, tenths: number, pace?: string}} request
 */
export async function ask(page, { prompt = "", seed, tenths, pace }) {
  if (pace !== undefined) await page.selectOption("[name=pace]", pace);
  await page.fill("[name=prompt]", prompt);
  await page.fill("[name=seed]", String(seed));
  await page.$eval("[name=temperature]", (element, value) => {
    const slider = /** @type {HTMLInputElement} */ (element);
    slider.value = String(value);
    slider.dispatchEvent(new Event("input"));
  }, tenths);
  await page.click("text=New request");
}
