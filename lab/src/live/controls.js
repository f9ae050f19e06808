/**
 * What a reader can do: run, pause, step, choose a pace; and ask for names with a prompt, a temperature, a seed.
 * @import { Lab, Model, Request, Source } from "../types.js"
 */

import { find } from "../dom.js";

const PACES = [
  ["1", "1 token a second"],
  ["4", "4 tokens a second"],
  ["15", "15 tokens a second"],
  ["0", "as fast as it goes"],
];
const COUNT = 65535; // names: until something else is asked for

const FORM = `
  <div class="row" role="group" aria-label="Pace">
    <button type="button" name="run"></button>
    <button type="button" name="step">Step one token</button>
    <label>Pace <select name="pace"></select></label>
  </div>
  <form class="row" autocomplete="off">
    <label>Prompt <input type="text" name="prompt" size="10" spellcheck="false" autocapitalize="off" aria-describedby="prompt-error" /></label>
    <label>Temperature <output name="shown"></output>
      <input type="range" name="temperature" min="0" max="20" step="1" /></label>
    <label>Seed <input type="number" name="seed" min="0" max="65535" step="1" required /></label>
    <button class="primary">New request</button>
    <button type="button" name="reset">Reset: play it yourself</button>
    <p class="error" id="prompt-error" role="alert"></p>
  </form>`;

/**
 * Tokens of the prompt field. Throws RangeError with a sentence for the reader.
 * @param {string} text
 * @param {Model} model
 */
function encodePrompt(text, model) {
  const tokens = model.encode(text);
  const most = model.config.block_size - 1;
  if (tokens.length > most) throw new RangeError(`a prompt has at most ${most} tokens, this one has ${tokens.length}`);
  return tokens;
}

export class Controls {
  /** @type {Source | null} */
  #source = null;
  #timer = 0;

  /**
   * @param {HTMLElement} element
   * @param {object} given
   * @param {Model} given.model
   * @param {Lab} given.lab
   * @param {boolean} given.calm whether a reader wants no motion
   * @param {(request: Request | null) => void} given.onRequest called when a request begins, or a person takes over
   */
  constructor(element, { model, lab, calm, onRequest }) {
    element.innerHTML = FORM;
    this.run = find(element, "[name=run]", HTMLButtonElement);
    this.step = find(element, "[name=step]", HTMLButtonElement);
    this.pace = find(element, "[name=pace]", HTMLSelectElement);
    this.prompt = find(element, "[name=prompt]", HTMLInputElement);
    this.shown = find(element, "[name=shown]", HTMLOutputElement);
    this.temperature = find(element, "[name=temperature]", HTMLInputElement);
    this.seed = find(element, "[name=seed]", HTMLInputElement);
    this.reset = find(element, "[name=reset]", HTMLButtonElement);
    this.form = find(element, "form", HTMLFormElement);
    this.error = find(element, ".error", HTMLElement);
    this.model = model;
    this.lab = lab;
    this.onRequest = onRequest;
    this.pace.replaceChildren(...PACES.map(([value, text]) => new Option(text, value)));
    this.pace.value = "4";
    if (lab.goes_on) this.prompt.size = 24;
    this.temperature.value = String(lab.temperature);
    this.seed.value = "1";
    this.running = !calm; // a reader who wants no motion starts it
    this.#showTemperature();
    this.#listen();
    this.#enable(false);
  }

  #enable(can = true) {
    for (const button of this.form.querySelectorAll("button")) button.disabled = !can;
    for (const control of [this.run, this.step, this.pace]) control.disabled = !can;
  }

  /**
   * Connects the controls to where tokens come from.
   * @param {Source} source
   */
  connect(source) {
    this.#source = source;
    this.#enable();
    if (!source.reset) this.reset.hidden = true;
    this.#go();
  }

  #listen() {
    this.run.addEventListener("click", () => this.#setRunning(!this.running));
    this.step.addEventListener("click", () => {
      this.#setRunning(false);
      this.#source?.step();
    });
    this.pace.addEventListener("change", () => this.#go());
    this.temperature.addEventListener("input", () => this.#showTemperature());
    for (const field of [this.temperature, this.seed]) {
      field.addEventListener("change", () => {
        if (this.#source?.current) this.ask();
      });
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    this.reset.addEventListener("click", () => {
      this.#source?.reset?.();
      this.onRequest(null);
    });
  }

  /** Puts what the fields say before the console. */
  async ask() {
    this.error.textContent = "";
    if (!this.#source || !this.seed.reportValidity()) return;
    try {
      const prompt = encodePrompt(this.lab.goes_on ? this.prompt.value : this.prompt.value.trim(), this.model);
      const request = { seed: Number(this.seed.value), tenths: Number(this.temperature.value), count: COUNT, prompt };
      await this.#source.request(request);
      this.onRequest(this.#source.current);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.error.textContent = `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
    }
  }

  /** @param {boolean} running */
  #setRunning(running) {
    this.running = running;
    this.#go();
  }

  /** At full speed the source runs by itself; slower, a timer steps it. */
  #go() {
    const source = this.#source;
    if (!source) return;
    const pace = Number(this.pace.value);
    clearInterval(this.#timer);
    source.stepping = !this.running || pace > 0;
    if (this.running && pace > 0) this.#timer = window.setInterval(() => source.step(), 1000 / pace);
    this.run.textContent = this.running ? "Pause" : "Run";
  }

  #showTemperature() {
    this.shown.textContent = (Number(this.temperature.value) / 10).toFixed(1);
    this.temperature.setAttribute("aria-valuetext", this.shown.textContent);
  }
}
