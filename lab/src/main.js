/**
 * Starts the console, loads the numbers, and mounts each part of the page into its place: a part is a function
 * mountX(element, page).
 * @import { Lab, Page } from "./types.js"
 */

import "./style.css";
import { mountConsole } from "./console/index.js";
import { find, messageOf } from "./dom.js";
import { mountLicences } from "./licences.js";
import { mountLive } from "./live/index.js";
import { createModel } from "./model/index.js";
import { parsed } from "./model/packed.js";
import { mountTour } from "./tour/index.js";

/** @returns {Promise<Lab>} */
async function loadLab() {
  const response = await fetch("data/lab.json");
  if (!response.ok) throw new Error(`data/lab.json: the server answers ${response.status}`);
  return parsed(await response.text());
}

async function main() {
  const place = (/** @type {string} */ id) => find(document, `#${id}`, HTMLElement);
  mountLicences(place("licences"));
  const loading = loadLab();
  const machine = mountConsole(place("console"), loading); // first: it takes longest
  machine.catch(() => {}); // whoever needs it asks
  const lab = await loading;
  /** @type {Page} */
  const page = { lab, model: createModel(lab), machine };
  globalThis.lab = page; // for the curious, at the browser's own console
  mountLive(place("live"), page);
  mountTour(place("tour"), page);
  place("loading").remove();
}

main().catch((error) => {
  find(document, "#loading", HTMLElement).textContent = `The page could not start: ${messageOf(error)}`;
  throw error;
});
