/**
 * The fields that ask for a text: prompt, temperature, seed. They are what the address says, and it what they say.
 * @import { Model, Page, Request, Source, Wish } from "./types.js"
 */

import { MAX_SEED, addressOf, forget, readAddress, remember } from "./address.js";
import { find } from "./dom.js";

const FORM = `
  <form class="row request" autocomplete="off">
    <label>Prompt <input type="text" name="prompt" size="10" spellcheck="false" autocapitalize="off" aria-describedby="prompt-error" /></label>
    <label>Temperature <output name="shown"></output>
      <input type="range" name="temperature" min="0" max="20" step="1" /></label>
    <label>Seed <input type="number" name="seed" min="0" max="65535" step="1" required /></label>
    <button class="primary" name="ask"></button>
    <button type="button" name="reset">Reset: play it yourself</button>
    <p class="error" id="prompt-error" role="alert"></p>
  </form>`;

const WIDE = 24;
const LETTERS = 4; // of a prompt for each position: more are not even read

/**
 * Tokens of the prompt field. Throws RangeError with a sentence for the reader.
 * @param {string} text
 * @param {Model} model
 */
function encodePrompt(text, model) {
  const most = model.config.block_size - 1;
  if (text.length > LETTERS * model.config.block_size) throw new RangeError(`a prompt has at most ${most} tokens, this one is longer`);
  const tokens = model.encode(text);
  if (tokens.length > most) throw new RangeError(`a prompt has at most ${most} tokens, this one has ${tokens.length}`);
  return tokens;
}

const sentence = (/** @type {string} */ text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

export class RequestForm {
  /** @type {Source | null} */
  #source = null;
  /** @type {Wish} */
  #wish;

  /**
   * @param {HTMLElement} element
   * @param {object} given
   * @param {Page} given.page
   * @param {number} given.count documents, or windows of a running text, that a request is for
   * @param {string} given.label of the button that asks
   * @param {(request: Request | null) => void} given.onRequest called when a request begins, or a person takes over
   */
  constructor(element, { page, count, label, onRequest }) {
    element.insertAdjacentHTML("beforeend", FORM);
    this.form = find(element, "form", HTMLFormElement);
    this.prompt = find(element, "[name=prompt]", HTMLInputElement);
    this.shown = find(element, "[name=shown]", HTMLOutputElement);
    this.temperature = find(element, "[name=temperature]", HTMLInputElement);
    this.seed = find(element, "[name=seed]", HTMLInputElement);
    this.reset = find(element, "[name=reset]", HTMLButtonElement);
    this.error = find(element, ".error", HTMLElement);
    find(element, "[name=ask]", HTMLButtonElement).textContent = label;
    this.page = page;
    this.count = count;
    this.onRequest = onRequest;
    this.#wish = page.wish;
    if (page.lab.goes_on) this.prompt.size = WIDE;
    this.#show(page.wish);
    this.#listen();
    this.#enable(false);
  }

  /**
   * Connects the fields to where tokens come from. An address that asks for a text gets it.
   * @param {Source} source
   */
  connect(source) {
    this.#source = source;
    this.#enable(true);
    if (!source.reset) this.reset.hidden = true;
    if (this.#wish.asks) this.#ask();
  }

  /** Puts what the fields say before the console. */
  async #ask() {
    const { seed, tenths, prompt } = this.wish;
    const tokens = this.#encode(prompt);
    remember(this.wish);
    await this.#source?.request({ seed, tenths, count: this.count, prompt: tokens });
    this.onRequest(this.#source?.current ?? null);
  }

  /** Asks for what the fields say, though no address did. */
  askUsual() {
    this.#ask();
  }

  /** The same with the next seed. */
  askAnother() {
    this.seed.value = String((Number(this.seed.value) + 1) & MAX_SEED);
    this.#try();
  }

  /** The address of what the fields say. */
  get link() {
    return new URL(addressOf(this.#wish.cartridge, this.wish), location.href);
  }

  /** Asks if the fields can be read. */
  #try() {
    if (!this.#source || !this.seed.reportValidity()) return;
    this.error.textContent = this.#problem(this.prompt.value);
    if (!this.error.textContent) this.#ask();
  }

  /** What the fields say. */
  get wish() {
    return { ...this.#wish, prompt: this.prompt.value, tenths: Number(this.temperature.value), seed: Number(this.seed.value) };
  }

  /** @param {string} text */
  #encode(text) {
    return encodePrompt(this.page.lab.goes_on ? text : text.trim(), this.page.model);
  }

  /**
   * Why the model cannot read a prompt, as a sentence, or nothing.
   * @param {string} prompt
   */
  #problem(prompt) {
    try {
      this.#encode(prompt);
      return "";
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return sentence(error.message);
    }
  }

  /**
   * Shows an address's wish; a prompt that the model cannot read gives way to the usual one.
   * @param {Wish} wish
   */
  #show(wish) {
    this.#wish = wish;
    const problem = this.#problem(wish.prompt);
    this.error.textContent = [...wish.problems, problem].join(" ").trim();
    this.prompt.value = problem ? wish.cartridge.prompt : wish.prompt;
    this.temperature.value = String(wish.tenths);
    this.seed.value = String(wish.seed);
    this.#showTemperature();
  }

  #listen() {
    this.temperature.addEventListener("input", () => this.#showTemperature());
    for (const field of [this.prompt, this.temperature, this.seed]) {
      field.addEventListener("change", () => {
        if (!this.seed.validity.valid || this.#problem(this.prompt.value)) return;
        remember(this.wish);
        if (this.#source?.current && field !== this.prompt) this.#try();
      });
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try();
    });
    this.reset.addEventListener("click", () => {
      this.#source?.reset?.();
      forget(this.wish);
      this.onRequest(null);
    });
    window.addEventListener("popstate", () => this.#follow());
  }

  /** Back or forward: the address's text, or its cartridge, which is another page. */
  #follow() {
    const wish = readAddress(location.search, this.page.cartridges);
    const { prompt, tenths, seed } = this.wish;
    if (wish.cartridge !== this.page.wish.cartridge) location.reload();
    else if (wish.prompt !== prompt || wish.tenths !== tenths || wish.seed !== seed) {
      this.#show(wish);
      if (wish.asks) this.#ask();
    }
  }

  /** @param {boolean} can */
  #enable(can) {
    for (const button of this.form.querySelectorAll("button")) button.disabled = !can;
  }

  #showTemperature() {
    this.shown.textContent = (Number(this.temperature.value) / 10).toFixed(1);
    this.temperature.setAttribute("aria-valuetext", this.shown.textContent);
  }
}
