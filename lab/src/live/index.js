/**
 * The panel beside the console: every number of the newest token, read from work RAM.
 * @import { Lab, LoggedToken, Page, Request, Source, Vector } from "../types.js"
 */

import { Comparison, showBadge } from "../console/badge.js";
import { find } from "../dom.js";
import { palette } from "./cells.js";
import { barsFigure, drawFigure } from "./choice.js";
import { Controls } from "./controls.js";
import { attentionFigure, embeddingFigure, hiddenFigure, residualFigure } from "./grids.js";
import { StandIn } from "./stand_in.js";
import { textFigure } from "./text.js";

const PANEL = `
  <h2 id="live-title">Live from its memory</h2>
  <p class="badge" data-state="waiting"></p>
  <p class="kept"></p>
  <div class="controls"></div>
  <p class="status"></p>
  <div class="figures"></div>`;

const LOGITS_ONLY =
  "This cartridge's RAM has no room for all that it computes: it logs its logits, which are compared. The other " +
  "numbers shown are the page's own model's.";

const FIRST_STAND_IN = { seed: 1, count: 65535, prompt: [] };

/**
 * Shows `element` live: the console's records, or the model's own where there is no console.
 * @param {HTMLElement} element
 * @param {Page} page
 */
export function mountLive(element, page) {
  const { lab, model, machine, wish } = page;
  element.innerHTML = PANEL;
  const part = (/** @type {string} */ name) => find(element, `.${name}`, HTMLElement);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const comparison = new Comparison(model, lab);
  /** @type {Source | null} */
  let source = null;
  /** @type {LoggedToken | null} */
  let newest = null;
  /** @type {LoggedToken | null} */
  let drawn = null;

  const given = (/** @type {LoggedToken} */ { position, mode }) =>
    mode === "request" && position < (source?.current?.prompt?.length ?? 0);
  const text = textFigure(lab, given);
  const attention = attentionFigure(lab);
  const figures = [
    text,
    barsFigure(lab, model),
    drawFigure(lab, model, given),
    attention,
    hiddenFigure(lab),
    embeddingFigure(lab),
    residualFigure(lab),
  ];
  if (lab.record.traced) part("kept").remove();
  else part("kept").textContent = LOGITS_ONLY;
  part("figures").append(...figures.map((figure) => figure.element));

  const begin = (/** @type {Request | null} */ request) => {
    comparison.begin(request);
    text.clear();
  };
  const controls = new Controls(part("controls"), { page, calm, onRequest: begin });

  let colours = palette();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours = palette();
    drawn = null;
  });

  const draw = () => {
    requestAnimationFrame(draw);
    if (!source || !newest || newest === drawn) return;
    drawn = newest;
    for (const figure of figures) figure.update(newest, colours);
    if (source.reset) showBadge(part("badge"), comparison);
    part("status").textContent = status(newest, source);
  };

  const connect = (/** @type {Source} */ found) => {
    source = found;
    found.onRecord((logged) => {
      text.add(logged);
      const record = found.reset ? withModel(lab, logged, comparison.add(logged)) : logged;
      if (!record) return;
      newest = record;
      attention.add(record);
    });
    controls.connect(found);
    requestAnimationFrame(draw);
  };

  showBadge(part("badge"), comparison);
  machine.then(
    ({ host }) => connect(host),
    () => {
      part("badge").textContent = "No console to compare with: these numbers are the page's own model's.";
      find(element, "h2", HTMLElement).textContent = "Live from the model";
      const standIn = new StandIn(model);
      if (!wish.asks) standIn.request({ ...FIRST_STAND_IN, tenths: lab.temperature });
      connect(standIn);
    },
  );
}

/**
 * A logged token with the model's values where the cartridge keeps none; null where neither has them.
 * @param {Lab} lab
 * @param {LoggedToken} logged
 * @param {{trace: Record<string, Vector>} | null} twin
 * @returns {LoggedToken | null}
 */
function withModel({ record: { entries, traced } }, logged, twin) {
  if (!twin) return traced ? logged : null;
  return { ...logged, values: (name) => (entries[name] ? logged.values(name) : twin.trace[name]) };
}

/**
 * @param {LoggedToken} token
 * @param {Source} source
 */
function status({ mode, tenths, position }, { rate, current, reset }) {
  const rests = reset ? ", while the console's screen rests" : "";
  const who = mode === "request" ? `request, seed ${current?.seed}${rests}` : "the cartridge, played by hand";
  return `${who} · temperature ${(tenths / 10).toFixed(1)} · position ${position} · ${rate.toFixed(1)} tokens/s`;
}
