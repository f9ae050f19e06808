/**
 * The page for everyone: without wasm or WebGL, in both colour schemes, on a phone, without motion, to axe.
 * @import { LabBrowser } from "./page.js"
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { BUILD, PICTURES, ask, running, says, startBrowser, withoutWasm } from "./page.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** @type {LabBrowser} */
let browser;
before(async () => (browser = await startBrowser()));
after(() => browser.close());

const withoutWebGL = () => {
  const { getContext } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = new Proxy(getContext, {
    apply: (target, canvas, given) => (given[0].startsWith("webgl") ? null : Reflect.apply(target, canvas, given)),
  });
};

for (const [what, script] of Object.entries({ WebAssembly: withoutWasm, "WebGL 2": withoutWebGL })) {
  test(`without ${what} the console's place says so, and the panel shows the page's own model`, async () => {
    const page = await browser.open({ before: script });
    await says(page, ".written .current", /../);
    assert.match((await page.textContent(".screen-message")) ?? "", new RegExp(`no ${what}`));
    await ask(page, { prompt: "kar", seed: 7, tenths: 5 });
    await says(page, ".written .current", /^kar/);
    await page.screenshot({ path: `${PICTURES}without-${what.slice(0, 5).toLowerCase()}.png` });
    assert.deepEqual(page.errors, []);
    await page.close();
  });
}

test("a server that knows nothing of gzip hands the core out as well", async () => {
  const core = "core/snes9x.wasm.gz";
  const page = await browser.open({ answers: { [core]: { path: `${BUILD}lab/${core}`, contentType: "application/gzip" } } });
  await running(page);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("where the cartridge is missing the console's place says so", async () => {
  const page = await browser.open({ answers: { "data/model/cartridge.sfc": { status: 404 } } });
  await says(page, ".screen-message", /404/);
  await says(page, ".written .current", /../);
  await page.close();
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`axe finds nothing serious in ${colorScheme} colours`, async (t) => {
    const page = await browser.open({ colorScheme });
    await running(page);
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    for (const { id, impact, nodes } of violations) t.diagnostic(`${impact}: ${id}, ${nodes.map(({ target }) => target)}`);
    assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact ?? "")).map(({ id }) => id), []);
    await page.screenshot({ path: `${PICTURES}${colorScheme}.png` });
    await page.close();
  });
}

test("at a phone's width nothing sticks out sideways", async () => {
  const page = await browser.open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await running(page);
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, globalThis.innerWidth]);
  assert.deepEqual([content, window], [360, 360]);
  await page.locator(".stage").screenshot({ path: `${PICTURES}phone.png` });
  await page.close();
});

test("a reader who wants no motion starts it", async () => {
  const page = await browser.open({ reducedMotion: "reduce" });
  await page.evaluate(() => globalThis.lab.machine.then(() => {}));
  const button = page.locator("[name=run]");
  assert.equal(await button.textContent(), "Run");
  await page.click("text=Step one token");
  await running(page);
  await page.close();
});

test("everything is reached with the Tab key", async () => {
  const page = await browser.open();
  await running(page);
  const reached = new Set();
  for (let n = 0; n < 40; n++) {
    await page.keyboard.press("Tab");
    reached.add(
      await page.evaluate(() => {
        const active = document.activeElement;
        return active?.getAttribute("name") || active?.getAttribute("aria-label") || active?.tagName;
      }),
    );
  }
  for (const name of ["run", "step", "pace", "prompt", "temperature", "seed", "reset", "Pad: A", "Pad: Start"]) assert.ok(reached.has(name), name);
  await page.close();
});
