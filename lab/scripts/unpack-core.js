// unpack-core.js DIR: the Snes9x core out of its npm package, as the page loads it:
// the script and the licence as they are, the wasm gzipped, since not every static server would do it.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";
import SevenZip from "7z-wasm";

const packed = createRequire(import.meta.url).resolve("@emulatorjs/core-snes9x/snes9x-wasm.data");
const target = process.argv[2];

const archive = await SevenZip({ print: () => {} });
archive.FS.writeFile("core.7z", await readFile(packed));
archive.callMain(["x", "core.7z"]);

await mkdir(target, { recursive: true });
/** Whole or not at all: make looks at the last of them. */
const write = async (/** @type {string} */ name, /** @type {string | Uint8Array} */ bytes) => {
  const file = path.join(target, name);
  await writeFile(`${file}.new`, bytes);
  await rename(`${file}.new`, file);
};
await write("snes9x.js", archive.FS.readFile("snes9x_libretro.js"));
await write("snes9x-license.txt", archive.FS.readFile("license.txt"));
await write("snes9x.wasm.gz", gzipSync(archive.FS.readFile("snes9x_libretro.wasm"), { level: 9 }));
