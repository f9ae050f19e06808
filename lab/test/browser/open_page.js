/** The built page in a real Chromium, served on loopback; what it complains of, and what it asks others for, is kept. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { preview } from "vite";

const CONFIG = fileURLToPath(new URL("../../vite.config.js", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const TOOLBAR = 140;

/**
 * A browser and a server for the tests of a file. `open` gives a page of its own storage: options are Playwright's for
 * a context, and `hash`; problems: console errors, exceptions, requests to another origin.
 */
export async function startBrowser() {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: install chromium, or name one in CHROMIUM`);
  const server = await preview({ configFile: CONFIG, logLevel: "error", preview: { host: "127.0.0.1", port: 0 } });
  const [url] = server.resolvedUrls.local;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  return {
    url,
    async open({ hash = "", ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      const problems = [];
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      page.on("pageerror", (error) => problems.push(error.stack));
      page.on("request", (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) problems.push(request.url());
      });
      await page.goto(url + hash);
      await page.locator(".step").first().waitFor();
      return { page, problems, close: () => context.close() };
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** Scroll an element to just below the toolbar, so that what is drawn only when near is drawn. */
export async function show(page, locator) {
  await locator.evaluate((element, below) => {
    window.scrollTo(0, element.getBoundingClientRect().top + window.scrollY - below);
  }, TOOLBAR);
  await settled(page);
}

/** Two frames later: what scrolling and resizing set off has been drawn. */
export const settled = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
