/**
 * The text that the cartridge writes: fields that ask for one, the text as it is made, and whether every token is right.
 * @import { Cartridge, Lab, LoggedToken, Page, Request, Source } from "../types.js"
 */

import { Comparison, showBadge } from "../console/badge.js";
import { find } from "../dom.js";
import { StandIn } from "../live/stand_in.js";
import { RequestForm } from "../request_form.js";
import { Writing, spansOf } from "../writing.js";

/** About as many tokens are in a text: in its names, or in the windows of one that goes on. */
const TOKENS = 256;
const NAME = 24; // tokens of a document that is short enough for columns
const COPIED = 2000; // ms that the button says so

const PANEL = `
  <h2 id="text-title"></h2>
  <p class="about"></p>
  <dl class="facts"></dl>
  <div class="fields"></div>
  <div class="paper" tabindex="0" role="region" aria-label="What it writes"></div>
  <p class="status" role="status"></p>
  <p class="badge" data-state="waiting"></p>
  <div class="row">
    <button type="button" name="another">Another seed</button>
    <button type="button" name="copy">Copy link</button>
  </div>`;

/**
 * Documents, or windows of a text that goes on: each but the first begins with half of the one before.
 * @param {Lab} lab
 */
function countFor({ goes_on: goesOn, config: { block_size: context } }) {
  if (!goesOn) return Math.ceil(TOKENS / context);
  return 1 + Math.max(0, Math.ceil((TOKENS - context) / Math.floor(context / 2)));
}

/**
 * @param {Cartridge} cartridge
 * @returns {[term: string, value: string][]}
 */
function facts({ weights, tokens_per_second: rate, bytes, machine }) {
  const number = (/** @type {number} */ value) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
  return [
    ["Weights", number(weights)],
    ["Tokens a second", rate ? `${number(rate)}, predicted` : "not predicted"],
    ["ROM", `${number(bytes / 1024)} KiB`],
    ["For", machine],
  ];
}

/**
 * @param {HTMLElement} element
 * @param {Page} page
 */
export function mountText(element, page) {
  const { lab, model, machine, wish } = page;
  element.innerHTML = PANEL;
  const part = (/** @type {string} */ selector) => find(element, selector, HTMLElement);
  const comparison = new Comparison(model, lab);
  /** @type {Source | null} */
  let source = null;
  /** @type {LoggedToken | null} */
  let newest = null;
  let count = 0; // of the request that runs
  const given = (/** @type {LoggedToken} */ { position, mode }) =>
    mode === "request" && position < (source?.current?.prompt?.length ?? 0);
  const writing = new Writing(lab, given);

  part("h2").textContent = wish.cartridge.title;
  part(".about").textContent = wish.cartridge.about;
  for (const [term, value] of facts(wish.cartridge)) {
    const fact = document.createElement("div");
    fact.append(Object.assign(document.createElement("dt"), { textContent: term }), Object.assign(document.createElement("dd"), { textContent: value }));
    part(".facts").append(fact);
  }
  part(".paper").classList.add(lab.goes_on ? "running" : lab.config.block_size > NAME ? "lines" : "names");

  const begin = (/** @type {Request | null} */ request) => {
    comparison.begin(request);
    writing.clear();
    newest = null;
    count = request?.count ?? 0;
    changed = true;
    find(document, "main", HTMLElement).classList.toggle("resting", request !== null && Boolean(source?.reset));
  };
  const form = new RequestForm(part(".fields"), { page, count: countFor(lab), label: "Write", onRequest: begin });
  part("[name=another]").addEventListener("click", () => form.askAnother());
  part("[name=copy]").addEventListener("click", () => copyLink(part("[name=copy]"), part(".status"), form));

  let changed = true;
  const draw = () => {
    requestAnimationFrame(draw);
    if (!changed || !source) return;
    changed = false;
    const paper = part(".paper");
    paper.replaceChildren(...written(writing));
    paper.scrollTop = paper.scrollHeight;
    if (source.reset) showBadge(part(".badge"), comparison);
    part(".status").textContent = status(newest, source, count > 0 && writing.windows >= count);
  };

  const connect = (/** @type {Source} */ found) => {
    source = found;
    found.onRecord((record) => {
      newest = record;
      writing.add(record);
      comparison.add(record);
      changed = true;
    });
    form.connect(found);
    requestAnimationFrame(draw);
  };

  showBadge(part(".badge"), comparison);
  machine.then(
    ({ host }) => connect(host),
    () => {
      part(".badge").textContent = "No console to compare with: the text is the page's own model's, the same integers.";
      const standIn = new StandIn(model);
      connect(standIn);
      if (!wish.asks) form.askUsual();
    },
  );
}

const paragraph = (/** @type {(string | Node)[]} */ ...children) => {
  const element = document.createElement("p");
  element.append(...children);
  return element;
};

/**
 * Finished documents, a paragraph each, and the one in progress.
 * @param {Writing} writing
 */
function written(writing) {
  const before = [...writing.finished].reverse().map((text) => paragraph(text));
  return writing.closed ? before : [...before, paragraph(...spansOf(writing.pieces))];
}

/**
 * @param {LoggedToken | null} token
 * @param {Source} source
 * @param {boolean} done
 */
function status(token, { rate, current, reset }, done) {
  if (!token) return "The first token is on its way…";
  const temperature = `temperature ${(token.tenths / 10).toFixed(1)}`;
  if (token.mode === "person") return `Played by hand · ${temperature} · ${rate.toFixed(1)} tokens a second`;
  const what = `seed ${current?.seed} · ${temperature}`;
  if (done) return `Done · ${what}`;
  return `Writing · ${what} · ${rate.toFixed(1)} tokens a second${reset ? " · the screen rests" : ""}`;
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} place where the address is shown if it cannot be copied
 * @param {RequestForm} form
 */
async function copyLink(button, place, form) {
  const { href } = form.link;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(href);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), COPIED);
  } catch {
    place.textContent = href; // a browser that lets nobody copy
  }
}
