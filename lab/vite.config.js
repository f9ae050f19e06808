// The page as a static folder: build/lab/. The files it fetches while it runs, the cartridge, the numbers and
// the emulator, are made before by `make lab` and are in build/lab-data and build/lab-core.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const build = (/** @type {string} */ name) => fileURLToPath(new URL(`../build/${name}`, import.meta.url));

const SHIPPED = {
  "data/lab.json": build("lab-data/lab.json"),
  "data/cartridge.sfc": build("lab-data/cartridge.sfc"),
  "core/snes9x.js": build("lab-core/snes9x.js"),
  "core/snes9x.wasm.gz": build("lab-core/snes9x.wasm.gz"),
  "core/snes9x-license.txt": build("lab-core/snes9x-license.txt"),
};

/**
 * What the browser fetches while the script is still on its way.
 * @type {[href: string, as: "fetch" | "script"][]}
 */
const EARLY = [
  ["core/snes9x.wasm.gz", "fetch"],
  ["core/snes9x.js", "script"],
  ["data/cartridge.sfc", "fetch"],
  ["data/lab.json", "fetch"],
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
    for (const [fileName, from] of Object.entries(SHIPPED)) {
      this.emitFile({ type: "asset", fileName, source: readFileSync(from) });
    }
  },
};

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./", // the folder may be anywhere on a server
  build: { outDir: build("lab"), emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
  preview: { host: "127.0.0.1", port: 8765 },
  plugins: [shipped],
});
