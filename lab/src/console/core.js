/**
 * The emulator: Snes9x inside RetroArch, compiled to wasm, driven by the glue that comes with it.
 * @import { Button, EmulatorModule } from "../types.js"
 * @import { RamName } from "./ram.js"
 */

import { gunzipped } from "./gunzip.js";
import { findRam } from "./ram.js";

/** Frames until a machine that starts has written to its RAM. */
const PATIENCE = 120;

const GLUE = "core/snes9x.js";
const WASM = "core/snes9x.wasm.gz";
const CARTRIDGE = "/cartridge.sfc";
const SETTINGS_FILE = "/home/web_user/.config/retroarch/retroarch.cfg";

// The loop keeps the console's own rate and never waits for sound, which has to wait for a click.
const SETTINGS = `
vrr_runloop_enable = "true"
audio_sync = "false"
audio_latency = "64"
video_smooth = "true"
video_font_enable = "false"
`;

/**
 * Numbers of the pad's buttons in libretro.
 * @type {Record<Button, number>}
 */
export const BUTTONS = { B: 0, Y: 1, Select: 2, Start: 3, Up: 4, Down: 5, Left: 6, Right: 7, A: 8, X: 9, L: 10, R: 11 };

/** Why the emulator cannot run here, as a sentence, or null. */
export function obstacle() {
  if (typeof WebAssembly !== "object") return "This browser has no WebAssembly, which the emulator needs.";
  const context = document.createElement("canvas").getContext?.("webgl2");
  if (!context) return "This browser offers no WebGL 2, which the emulator draws with.";
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return null;
}

/** @returns {Promise<void>} */
function loadGlue() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = GLUE;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${GLUE} could not be loaded`));
    document.head.append(script);
  });
}

/** @param {string} url */
async function answer(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the server answers ${response.status}`);
  return response;
}

/**
 * Compiles while it arrives.
 * @param {string} url
 */
async function compile(url) {
  const { body } = await answer(url);
  if (!body) throw new Error(`${url} is empty`);
  const headers = { "Content-Type": "application/wasm" };
  return WebAssembly.compileStreaming(new Response(await gunzipped(body), { headers }));
}

/** @param {string} url */
async function bytes(url) {
  return new Uint8Array(await (await answer(url)).arrayBuffer());
}

/**
 * @param {EmulatorModule["FS"]} FS
 * @param {string} path
 * @param {string | Uint8Array} content
 */
function writeFile(FS, path, content) {
  FS.mkdirTree(path.slice(0, path.lastIndexOf("/")) || "/");
  FS.writeFile(path, content);
}

/** A running console. Its RAM is current after every frame. */
export class Console {
  #module;
  /** @type {Set<(console: Console) => void>} */
  #listeners = new Set();
  /** @type {Partial<Record<RamName, {base: number, bytes: number}>>} */
  #places = {};
  #simulate;

  frame = 0;
  /** @type {number | null} when the first frame was done, in ms since the page was asked for */
  firstFrame = null;
  paused = false;

  /** @param {EmulatorModule} module */
  constructor(module) {
    this.#module = module;
    this.#simulate = module.cwrap("simulate_input", null, ["number", "number", "number"]);
  }

  /** Called by the glue after each frame. */
  frameDone() {
    this.frame += 1;
    this.firstFrame ??= performance.now();
    for (const listener of this.#listeners) listener(this);
  }

  /**
   * Finds a RAM, once the machine has written to it. Rejects with an Error when the state of the emulator is not where
   * it should be.
   * @param {RamName} name
   */
  async attach(name) {
    for (let tries = 0; tries < PATIENCE && !this.#places[name]; tries++) {
      await this.frames(1);
      const [size, address, done] = this.#module.cwrap("save_state_info", "string", [])().split("|").map(Number);
      if (done !== 1) throw new Error("the emulator gives no save state");
      this.#places[name] = findRam(this.#module.HEAPU8, address, size, name) ?? undefined;
    }
    if (!this.#places[name]) throw new Error(`the machine has no ${name} RAM`);
  }

  /**
   * The bytes of a RAM that was attached, live.
   * @param {RamName} name
   */
  ram(name) {
    const place = this.#places[name] ?? { base: 0, bytes: 0 };
    return this.#module.HEAPU8.subarray(place.base, place.base + place.bytes);
  }

  /**
   * Calls listener(console) after every frame; returns a function that ends it.
   * @param {(console: Console) => void} listener
   */
  onFrame(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Holds a button down or lets it go.
   * @param {Button} button
   * @param {boolean} down
   */
  press(button, down) {
    this.#simulate(0, BUTTONS[button], down ? 1 : 0);
  }

  pause() {
    this.paused = true;
  }

  resume() {
    this.paused = false;
  }

  /** The reset button of the console: the cartridge begins again. */
  reset() {
    this.#module.cwrap("system_restart", null, [])();
  }

  /**
   * A promise that is kept after `count` frames.
   * @param {number} count
   * @returns {Promise<void>}
   */
  frames(count) {
    const end = this.frame + count;
    return new Promise((resolve) => {
      const stop = this.onFrame(() => {
        if (this.frame < end) return;
        stop();
        resolve();
      });
    });
  }
}

/**
 * Boots the cartridge at the URL `rom` on `canvas`. Rejects with an Error where it cannot run.
 * @param {{canvas: HTMLCanvasElement, rom: string}} given
 */
export async function bootCore({ canvas, rom }) {
  const why = obstacle();
  if (why) throw new Error(why);
  const [compiled, cartridge] = await Promise.all([compile(WASM), bytes(rom), loadGlue()]);
  /**
   * @param {WebAssembly.Imports} imports
   * @param {(instance: WebAssembly.Instance) => void} receive
   */
  const instantiate = (imports, receive) => {
    WebAssembly.instantiate(compiled, imports).then(receive);
    return {};
  };
  /** @type {Console | null} */
  let machine = null;
  const module = await EJS_Runtime({
    canvas,
    parent: canvas.parentElement,
    instantiateWasm: instantiate,
    noInitialRun: true,
    arguments: [],
    callbacks: {},
    getSavExt: () => ".srm",
    print: () => {},
    printErr: () => {},
    preMainLoop: () => !machine?.paused,
    postMainLoop: () => machine?.frameDone(),
  });
  writeFile(module.FS, SETTINGS_FILE, SETTINGS);
  writeFile(module.FS, CARTRIDGE, cartridge);
  module.callMain([CARTRIDGE]);
  module.cwrap("ejs_set_keyboard_enabled", null, ["number"])(0); // keys are the page's
  machine = new Console(module);
  return machine;
}
