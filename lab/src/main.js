/**
 * The lab: starts the console, loads the numbers, and mounts each part of the page into its place: a part is a function
 * mountX(element, page).
 * @import { Page } from "./types.js"
 */

import "./style.css";
import { readAddress } from "./address.js";
import { loadCartridges, loadLab } from "./cartridges.js";
import { mountChoice } from "./choice.js";
import { mountConsole } from "./console/index.js";
import { find, messageOf } from "./dom.js";
import { mountLicences } from "./licences.js";
import { mountLive } from "./live/index.js";
import { createModel } from "./model/index.js";
import { keepOffline } from "./offline.js";
import { mountTour } from "./tour/index.js";

const WHAT = "The cartridge, unchanged but for a log of its own arithmetic,";

async function main() {
  const place = (/** @type {string} */ id) => find(document, `#${id}`, HTMLElement);
  mountLicences(place("licences"));
  const { site, cartridges } = await loadCartridges();
  const wish = readAddress(location.search, cartridges);
  const { cartridge } = wish;
  const loading = loadLab(cartridge);
  const machine = mountConsole(place("console"), { rom: `${cartridge.folder}/cartridge.sfc`, what: WHAT, loading }); // first: it takes longest
  machine.catch(() => {}); // whoever needs it asks
  place("site").hidden = !site;
  if (cartridges.length > 1) mountChoice(place("choice"), cartridges, cartridge);
  const lab = await loading;
  /** @type {Page} */
  const page = { cartridges, wish, lab, model: createModel(lab), machine };
  globalThis.lab = page; // for the curious, at the browser's own console
  mountLive(place("live"), page);
  mountTour(place("tour"), page);
  place("loading").remove();
  if (site) keepOffline();
}

main().catch((error) => {
  find(document, "#loading", HTMLElement).textContent = `The page could not start: ${messageOf(error)}`;
  throw error;
});
