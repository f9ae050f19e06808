// Starts the console, loads the numbers, and mounts each part of the page into its place.
// A part is a function mountX(element, context); context = { lab, model, machine }:
//   lab      the parsed data/lab.json
//   model    the integer model in JavaScript (src/model)
//   machine  a promise of { console, host }, the emulator with the cartridge in it; rejected where it cannot run
import "./style.css";
import { mountConsole } from "./console/index.js";
import { mountLicences } from "./licences.js";
import { mountLive } from "./live/index.js";
import { createModel } from "./model/index.js";
import { mountTour } from "./tour/index.js";

async function loadLab() {
  const response = await fetch("data/lab.json");
  if (!response.ok) throw new Error(`data/lab.json: the server answers ${response.status}`);
  return response.json();
}

async function main() {
  const place = (id) => document.getElementById(id);
  mountLicences(place("licences"));
  const loading = loadLab();
  const machine = mountConsole(place("console"), loading); // first: it takes longest
  machine.catch(() => {}); // whoever needs it asks
  const lab = await loading;
  const context = { lab, model: createModel(lab), machine };
  globalThis.lab = context; // for the curious, at the browser's own console
  mountLive(place("live"), context);
  mountTour(place("tour"), context);
  place("loading").remove();
}

main().catch((error) => {
  document.getElementById("loading").textContent = `The page could not start: ${error.message}`;
  throw error;
});
