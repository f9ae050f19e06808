// Loads the numbers, then mounts each part of the page into its place.
// A part is a function mountX(element, context); context = { lab, model, machine }:
//   lab      the parsed data/lab.json
//   model    the integer model in JavaScript (src/model)
//   machine  a promise of { console, host }, the emulator with the cartridge in it; rejected where it cannot run
import "./style.css";
import { mountLicences } from "./licences.js";

// Each part is optional, so that the others show when it is being built.
const parts = import.meta.glob(["./model/index.js", "./console/index.js", "./live/index.js", "./story/index.js"]);

async function part(name) {
  return parts[`./${name}/index.js`]?.() ?? {};
}

async function loadLab() {
  const response = await fetch("data/lab.json");
  if (!response.ok) throw new Error(`data/lab.json: the server answers ${response.status}`);
  return response.json();
}

async function main() {
  const place = (id) => document.getElementById(id);
  mountLicences(place("licences"));
  const lab = await loadLab();
  const [{ createModel }, { mountConsole }, { mountLive }, { mountStory }] = await Promise.all(
    ["model", "console", "live", "story"].map(part),
  );
  const context = { lab, model: createModel?.(lab) };
  globalThis.lab = context; // for the curious, at the browser's own console
  context.machine = mountConsole?.(place("console"), context) ?? new Promise(() => {});
  mountLive?.(place("live"), context);
  mountStory?.(place("story"), context);
  place("loading").remove();
}

main().catch((error) => {
  document.getElementById("loading").textContent = `The page could not start: ${error.message}`;
  throw error;
});
