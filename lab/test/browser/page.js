// The built page in a real Chromium, served from loopback as `make lab-serve` does.
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

const onPath = (name) => {
  const found = process.env.PATH.split(":").map((folder) => `${folder}/${name}`).find(existsSync);
  if (!found) throw new Error(`${name} is not on the PATH: make lab-test installs it`);
  return found;
};

/** A server and a browser: open(options) gives a page; close() ends both. */
export async function startBrowser() {
  const server = await preview({ root: LAB, configFile: `${LAB}vite.config.js`, preview: { port: 0 }, logLevel: "warn" });
  const url = server.resolvedUrls.local[0];
  const browser = await chromium.launch({ executablePath: onPath("chromium"), args: FLAGS });
  mkdirSync(PICTURES, { recursive: true });
  return {
    url,
    open: (options) => openPage(browser, url, options),
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/**
 * The page as `options` of a browser context want it (colorScheme, viewport, reducedMotion). before: script to run first;
 * answers: path on the server → what to answer in place of it.
 * page.requests and page.errors hold every request's URL and every error of page, console and network.
 */
async function openPage(browser, url, { before = () => {}, answers = {}, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.requests = [];
  page.errors = [];
  page.on("request", (request) => page.requests.push(request.url()));
  page.on("requestfailed", (request) => page.errors.push(`${request.url()} failed`));
  page.on("pageerror", (error) => page.errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
  page.on("close", () => context.close().catch(() => {})); // the browser may have closed it first
  await page.addInitScript(before);
  for (const [path, answer] of Object.entries(answers)) await page.route(`${url}${path}`, (route) => route.fulfill(answer));
  await page.goto(url);
  await page.waitForFunction(() => globalThis.lab); // the page's context, once its data is there
  return page;
}

/** Waits until the console runs and its first token is there. */
export async function running(page) {
  await page.evaluate(() => globalThis.lab.machine.then(() => {}));
  await page.waitForFunction(() => Number(document.querySelector(".badge").dataset.compared) > 0);
}

/** Numbers of the badge: {compared, equal, state}. */
export const badge = (page) =>
  page.$eval(".badge", ({ dataset: { compared, equal, state } }) => ({ compared: Number(compared), equal: Number(equal), state }));

/** Asks for names as a reader does. */
export async function ask(page, { prompt = "", seed, tenths, pace }) {
  if (pace !== undefined) await page.selectOption("[name=pace]", pace);
  await page.fill("[name=prompt]", prompt);
  await page.fill("[name=seed]", String(seed));
  await page.$eval("[name=temperature]", (slider, value) => {
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
  }, tenths);
  await page.click("text=New request");
}
