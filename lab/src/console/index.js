/**
 * The console's part of the page: the picture, the pad, and the machine that everything else reads.
 * @import { Lab, Machine } from "../types.js"
 * @import { RamName } from "./ram.js"
 */

import { find, messageOf } from "../dom.js";
import { bootCore } from "./core.js";
import { Host } from "./host.js";
import { mountPad } from "./pad.js";

/**
 * The person's settings are there.
 * @type {RamName}
 */
const WORK = "work";

const FRAME = `
  <div class="console-head">
    <h2 id="console-title">The console</h2>
    <button type="button" class="whole" hidden>Full screen</button>
  </div>
  <div class="screen">
    <canvas tabindex="0" role="application"
      aria-label="Picture of the Super Nintendo. While it has the focus: arrow keys, X is A, Z is B, S is X, A is Y, Q is L, W is R, Enter is Start, Backspace is Select."></canvas>
    <p class="screen-message" role="status">The console is being switched on…</p>
  </div>
  <div class="pad" role="group" aria-label="Pad"></div>
  <p class="hint">
    <span class="what"></span> runs in the Snes9x emulator<span class="chip"></span>. Play it with these buttons, or
    choose the picture and use the arrow keys, X Z S A for A B X Y, Q W for L R, Enter for Start and Backspace for Select.
    Its sound begins with your first click.
  </p>`;

/** Where a browser can, a button lets the picture fill the screen. */
function mountFullscreen(/** @type {HTMLElement} */ element) {
  const button = find(element, ".whole", HTMLButtonElement);
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", async () => {
    await find(element, ".screen", HTMLElement).requestFullscreen();
    find(element, "canvas", HTMLCanvasElement).focus();
  });
}

/**
 * Boots the cartridge into `element`. Resolves to { console, host }; rejects, with a message shown, where it cannot run.
 * @param {HTMLElement} element
 * @param {object} given
 * @param {string} given.rom where the cartridge is
 * @param {string} given.what what it is, as the beginning of a sentence
 * @param {Promise<Lab>} given.loading its numbers
 * @returns {Promise<Machine>}
 */
export async function mountConsole(element, { rom, what, loading }) {
  element.innerHTML = FRAME;
  find(element, ".what", HTMLElement).textContent = what;
  const canvas = find(element, "canvas", HTMLCanvasElement);
  const message = find(element, ".screen-message", HTMLElement);
  const pad = find(element, ".pad", HTMLElement);
  try {
    const console = await bootCore({ canvas, rom });
    const lab = await loading;
    await console.attach(WORK);
    await console.attach(lab.host.ram);
    if (lab.build.target === "sa1") find(element, ".chip", HTMLElement).textContent = ", with the SA-1 chip that it has";
    message.remove();
    mountFullscreen(element);
    mountPad(pad, canvas, console);
    return { console, host: new Host(console, lab) };
  } catch (error) {
    canvas.remove();
    pad.remove();
    find(element, ".hint", HTMLElement).remove();
    message.setAttribute("role", "alert");
    message.textContent = `The console cannot run here. ${messageOf(error)} The rest of the page does without it: the same model, in JavaScript.`;
    throw error;
  }
}
