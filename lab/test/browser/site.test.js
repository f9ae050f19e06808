/**
 * The site as a visitor uses it: every choice plays, a link is a text, the downloads are what they say.
 * @import { Cartridge } from "../../src/types.js"
 * @import { Page } from "playwright-core"
 * @import { LabBrowser, LabPage, Options } from "./page.js"
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { addressOf } from "../../src/address.js";
import { BUILD, PICTURES, badge, compared, running, says, startBrowser, withoutWasm } from "./page.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SITE = `${BUILD}site-test/`;
const STORY = "?cartridge=stories&target=sa1&prompt=Once+upon+a+time&temperature=0.7&seed=3";
const NAMES = "?cartridge=names&target=stock&prompt=ka&temperature=0.8&seed=300";
const LONG = { timeout: 150_000 };

/** @type {Cartridge[]} */
const CARTRIDGES = JSON.parse(readFileSync(`${SITE}data/cartridges.json`, "utf8")).cartridges;

/** @type {LabBrowser} */
let browser;
before(async () => (browser = await startBrowser("site-test")));
after(() => browser.close());

/** A page whose service worker keeps out of the way. */
const open = (/** @type {string} */ at, /** @type {Options} */ options = {}) => browser.open({ at, serviceWorkers: "block", ...options });

/**
 * Nothing went wrong, and nothing was asked of another origin; ends the page.
 * @param {LabPage} page
 */
async function closePage(page) {
  assert.deepEqual(page.errors, []);
  assert.deepEqual(page.requests.filter((url) => !/^(data|blob):/.test(url) && !url.startsWith(browser.url)), []);
  await page.close();
}

/**
 * Every token that was compared was equal; ends the page.
 * @param {LabPage} page
 */
async function closeEqual(page) {
  const { compared: count, equal, state } = await badge(page);
  assert.deepEqual([state, equal], ["equal", count]);
  await closePage(page);
}

const value = (/** @type {Page} */ page, /** @type {string} */ name) => page.inputValue(`[name=${name}]`);
const written = (/** @type {Page} */ page) => page.$$eval(".paper p", (lines) => lines.map((line) => line.textContent));

/**
 * The paragraphs of a text that was asked for, once it is done and every token of it was equal.
 * @param {LabPage} page
 */
async function done(page) {
  await page.waitForFunction(() => document.querySelector(".status")?.textContent?.startsWith("Done"), null, LONG);
  const { compared: count, equal, state } = await badge(page);
  assert.deepEqual([state, equal], ["equal", count]);
  return written(page);
}

/**
 * What Python's integer model writes.
 * @param {string} model the name of the folder in build/cartridges
 * @param {string} address
 * @param {number} count
 * @returns {string[]}
 */
function sampled(model, address, count) {
  const given = new URLSearchParams(address);
  const options = ["prompt", "temperature", "seed"].map((name) => `--${name}=${given.get(name)}`);
  const file = `build/cartridges/${model}/model.npz`;
  return JSON.parse(execFileSync(`${ROOT}.venv/bin/snesgpt`, ["sample", file, ...options, `--count=${count}`, "--json"], { cwd: ROOT, encoding: "utf8" }));
}

for (const cartridge of CARTRIDGES) {
  test(`${cartridge.name} for ${cartridge.target} plays at once, and every number is the model's`, async () => {
    const page = await open(addressOf(cartridge));
    await compared(page, cartridge.name === "stories" ? 8 : 60);
    assert.equal(await page.locator("#choice [aria-current]").count(), 2);
    await closeEqual(page);
  });
}

test("a link is the text that Python's model writes, whichever machine computes it", async () => {
  for (const [name, target] of [["names", "stock"], ["names", "sa1"], ["memory", "stock"]]) {
    const address = NAMES.replace("names", name).replace("stock", target);
    const page = await open(address);
    assert.deepEqual(await done(page), sampled(name === "names" ? `microgpt-${target}` : `${name}-${target}`, address, 16));
    await closePage(page);
  }
});

test("a link to a story is Python's story, and hundreds of its tokens are equal", async () => {
  const page = await open(STORY);
  await page.waitForFunction(() => Number(document.querySelector(".badge")?.getAttribute("data-compared")) > 200, null, LONG);
  const story = (await written(page)).join("");
  const [window, ...more] = sampled("stories-sa1", STORY, 3);
  assert.ok([window, ...more].join("").startsWith(story), story);
  assert.ok(story.length > window.length, story);
  await page.screenshot({ path: `${PICTURES}site-story.png` });
  await closeEqual(page);
});

for (const [address, tokens] of /** @type {const} */ ([["?cartridge=memory&seed=7", 400], ["?cartridge=stories&target=sa1", 8]])) {
  test(`the lab of ${address} compares ${tokens} tokens in all their numbers`, async () => {
    const page = await open(`lab.html${address}`);
    await page.selectOption("[name=pace]", "0");
    await compared(page, tokens);
    await closeEqual(page);
  });
}

test("what the fields say is in the address; back leads to the text before, and a reader's link is the same text", async () => {
  const page = await open("?cartridge=names");
  await running(page);
  await page.fill("[name=prompt]", "ma");
  await page.fill("[name=seed]", "12");
  await page.click("[name=ask]");
  const first = await done(page);
  assert.match(page.url(), /\?cartridge=names&target=stock&prompt=ma&temperature=0\.5&seed=12$/);
  await page.click("[name=another]");
  await page.waitForURL(/seed=13$/);
  await says(page, ".status", /^Done · seed 13/);
  assert.notDeepEqual(await done(page), first);
  await page.fill("[name=seed]", "12");
  await page.press("[name=seed]", "Tab");
  await says(page, ".status", /^Done · seed 12/);

  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.click("[name=copy]");
  await says(page, "[name=copy]", /Copied/);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
  const other = await open(page.url().slice(browser.url.length));
  assert.deepEqual(await done(other), first);
  await closePage(other);

  await page.click("#choice >> text=Names, with a memory");
  await page.waitForURL(/cartridge=memory/);
  await page.goBack();
  await page.waitForURL(/seed=12$/);
  assert.deepEqual(await done(page), first);
  await page.goForward();
  await page.waitForURL(/cartridge=memory/);
  await says(page, "#text-title", /memory/);
  await page.close();
});

test("back within the page, as after a step of the tour, asks for that address's text again", async () => {
  const page = await open("lab.html?cartridge=names&seed=5");
  await says(page, ".status", /request, seed 5/);
  await page.click("nav[aria-label=Steps] a >> nth=2");
  await page.fill("[name=seed]", "6");
  await page.press("[name=seed]", "Tab");
  await says(page, ".status", /request, seed 6/);
  await page.goBack();
  await says(page, ".status", /request, seed 5/);
  assert.equal(await value(page, "seed"), "5");
  await closePage(page);
});

test("a wrong address is said in a line, becomes no HTML, and the usual takes its place", async () => {
  const wrong = { cartridge: "<img src=x>", target: "pc", temperature: "99", seed: "-1", prompt: "<b>7</b>" };
  for (const path of ["", "lab.html"]) {
    const page = await open(`${path}?${new URLSearchParams(wrong)}`);
    await says(page, "#prompt-error", /./);
    const line = (await page.textContent("#prompt-error")) ?? "";
    for (const part of [/no cartridge “<img src=x>”: this is “Names”/, /not there for “pc”/, /0\.0 to 2\.0, in tenths, not “99”/, /0 to 65535, not “-1”/, /no symbol for “<”/]) {
      assert.match(line, part);
    }
    assert.equal(await page.locator("#prompt-error *, .paper b").count(), 0);
    assert.deepEqual(await Promise.all(["prompt", "temperature", "seed"].map((name) => value(page, name))), ["", "5", "1"]);
    await says(page, ".status", /seed 1/);
    await closePage(page);
  }
});

test("a link to a prompt without end is refused before it is read", async () => {
  const page = await open(`?cartridge=stories&prompt=${"a".repeat(6000)}`);
  await says(page, "#prompt-error", /at most 127 tokens/);
  assert.equal(await value(page, "prompt"), "Once upon a time");
  await closePage(page);
});

test("every download has the size and the checksum that the page and SHA256SUMS say", async () => {
  const page = await open("");
  const rows = await page.$$eval("#downloads tbody tr", (found) =>
    found.map((row) => ({
      href: row.querySelector(".download")?.getAttribute("href") ?? "",
      sum: row.querySelector("code")?.textContent,
      size: row.children[2].textContent,
    })),
  );
  assert.equal(rows.length, CARTRIDGES.length);
  const lines = rows.map(({ href, sum, size }) => {
    const content = readFileSync(SITE + href);
    assert.equal(createHash("sha256").update(content).digest("hex"), sum);
    assert.equal(`${(content.length / 1024).toLocaleString("en")} KiB`, size);
    return `${sum}  ${href.replace("downloads/", "")}\n`;
  });
  assert.equal(readFileSync(`${SITE}downloads/SHA256SUMS`, "utf8"), lines.join(""));
  const playing = page.requests.filter((url) => url.endsWith(".sfc")).map((url) => url.slice(browser.url.length));
  assert.deepEqual(playing, [CARTRIDGES[0].rom]);
  await closePage(page);
});

test("without WebAssembly the page's own model writes the text of a link", async () => {
  const page = await open(NAMES, { before: withoutWasm });
  await says(page, ".screen-message", /no WebAssembly/);
  await says(page, ".paper", /^ka[a-z]+/);
  const [first] = sampled("microgpt-stock", NAMES, 1);
  await says(page, ".paper p", new RegExp(`^${first}$`));
  await closePage(page);
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`axe finds nothing serious on the start page in ${colorScheme} colours`, async (t) => {
    const page = await open("", { colorScheme });
    await compared(page, 60);
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    for (const { id, impact, nodes } of violations) t.diagnostic(`${impact}: ${id}, ${nodes.map(({ target }) => target)}`);
    assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact ?? "")).map(({ id }) => id), []);
    await page.screenshot({ path: `${PICTURES}site-${colorScheme}.png` });
    await closePage(page);
  });
}

test("at a phone's width nothing sticks out sideways, and fingers play", async () => {
  const page = await open("", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await compared(page, 20);
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= screen, `${wide} > ${screen}`);
  await page.screenshot({ path: `${PICTURES}site-phone.png`, fullPage: true });
  const shown = () => page.locator(".screen canvas").screenshot();
  const names = await shown();
  await page.tap("[aria-label='Pad: Select']");
  await page.evaluate(async () => (await globalThis.lab.machine).console.frames(40));
  assert.notDeepEqual(await shown(), names);
  await closePage(page);
});

test("everything on the start page is reached with the Tab key, and shows that it has the focus", async () => {
  const page = await open("");
  await running(page);
  /** @type {Map<string | undefined, string>} */
  const reached = new Map();
  for (let n = 0; n < 70; n++) {
    await page.keyboard.press("Tab");
    const [name, outline] = await page.evaluate(() => {
      const active = document.activeElement ?? document.body;
      return [active.getAttribute("name") || active.getAttribute("aria-label") || active.textContent?.trim(), getComputedStyle(active).outlineStyle];
    });
    reached.set(name, outline);
  }
  const wanted = ["Lab", "Stories", "for a cartridge with the SA-1", "Pad: A", "Full screen", "prompt", "temperature", "seed", "ask", "reset", "another", "copy", "What it writes", "snes-gpt-stories-sa1.sfc"];
  for (const name of wanted) assert.equal(reached.get(name), "solid", name);
  await page.close();
});

test("for a reader who wants no motion the console waits for a key", async () => {
  const page = await open("", { reducedMotion: "reduce" });
  await page.evaluate(() => globalThis.lab.machine.then(() => {}));
  const frame = () => page.evaluate(async () => (await globalThis.lab.machine).console.frame);
  const rested = await frame();
  await page.keyboard.press("Tab");
  await page.waitForTimeout(500);
  assert.equal(await frame(), rested);
  await page.keyboard.press("Enter");
  await running(page);
  await closePage(page);
});
