/**
 * The start page: a cartridge plays at once, and writes what it is asked for.
 * @import { Console } from "../console/core.js"
 * @import { Page } from "../types.js"
 */

import "./start.css";
import { readAddress } from "../address.js";
import { loadCartridges, loadLab, withoutTrace } from "../cartridges.js";
import { mountChoice } from "../choice.js";
import { mountConsole } from "../console/index.js";
import { find, messageOf } from "../dom.js";
import { mountLicences } from "../licences.js";
import { createModel } from "../model/index.js";
import { keepOffline } from "../offline.js";
import { mountDownloads } from "./downloads.js";
import { mountFurther } from "./further.js";
import { mountText } from "./text.js";

const STARTS = ["pointerdown", "keydown"];
const MOVES = ["Tab", "Shift"];
const WHAT = "The very file that you can download below, bit by bit,";

/** Until the first click or key: a reader who wants no motion starts it. */
function rest(/** @type {Console} */ console) {
  const screen = find(document, "main", HTMLElement).classList;
  const start = (/** @type {Event} */ event) => {
    if (event instanceof KeyboardEvent && MOVES.includes(event.key)) return;
    for (const kind of STARTS) document.removeEventListener(kind, start, true);
    screen.remove("waiting");
    console.resume();
  };
  for (const kind of STARTS) document.addEventListener(kind, start, true);
  screen.add("waiting");
  console.pause();
}

async function main() {
  const place = (/** @type {string} */ id) => find(document, `#${id}`, HTMLElement);
  mountLicences(place("licences"));
  const { cartridges } = await loadCartridges();
  const wish = readAddress(location.search, cartridges);
  const { cartridge } = wish;
  const loading = loadLab(cartridge).then(withoutTrace);
  const machine = mountConsole(place("console"), { rom: cartridge.rom, what: WHAT, loading }); // first: it takes longest
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  machine.then(({ console }) => calm && !wish.asks && rest(console), () => {}); // whoever needs it asks
  mountChoice(place("choice"), cartridges, cartridge);
  mountDownloads(place("downloads"), cartridges, cartridge);
  mountFurther(place("further"), cartridge);
  const lab = await loading;
  /** @type {Page} */
  const page = { cartridges, wish, lab, model: createModel(lab), machine };
  globalThis.lab = page; // for the curious, at the browser's own console
  mountText(place("text"), page);
  place("loading").remove();
  keepOffline();
}

main().catch((error) => {
  find(document, "#loading", HTMLElement).textContent = `The page could not start: ${messageOf(error)}`;
  throw error;
});
