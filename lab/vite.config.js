// The pages as a static folder: build/lab-pages/. What they fetch while they run, cartridges, numbers and the emulator,
// is laid beside them by publish/site.py, for `make lab` and `make site`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * What the browser fetches while the script is still on its way.
 * @type {[href: string, as: "fetch" | "script"][]}
 */
const EARLY = [
  ["data/cartridges.json", "fetch"],
  ["core/snes9x.wasm.gz", "fetch"],
  ["core/snes9x.js", "script"],
];

/** @type {import("vite").HtmlTagDescriptor[]} */
const PRELOADS = EARLY.map(([href, as]) => ({
  tag: "link",
  injectTo: "head",
  attrs: { rel: "preload", href, as, crossorigin: as === "fetch" ? "anonymous" : false },
}));

/** @type {import("vite").Plugin} */
const shipped = {
  name: "shipped-files",
  transformIndexHtml: () => PRELOADS,
  generateBundle() {
    const fileName = "service-worker.js"; // as it is, at the top: it serves what is beside and below it
    this.emitFile({ type: "asset", fileName, source: readFileSync(here(`worker/${fileName}`)) });
  },
};

export default defineConfig({
  root: here("."),
  base: "./", // the folder may be anywhere on a server
  build: {
    outDir: here("../build/lab-pages"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rolldownOptions: { input: [here("index.html"), here("lab.html")] },
  },
  preview: { host: "127.0.0.1", port: 8765 },
  plugins: [shipped],
});
