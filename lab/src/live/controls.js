/**
 * What a reader can do: run, pause, step, choose a pace; and ask for names with a prompt, a temperature, a seed.
 * @import { Page, Request, Source } from "../types.js"
 */

import { find } from "../dom.js";
import { RequestForm } from "../request_form.js";

const PACES = [
  ["1", "1 token a second"],
  ["4", "4 tokens a second"],
  ["15", "15 tokens a second"],
  ["0", "as fast as it goes"],
];
const COUNT = 65535; // names: until something else is asked for

const PACE = `
  <div class="row" role="group" aria-label="Pace">
    <button type="button" name="run"></button>
    <button type="button" name="step">Step one token</button>
    <label>Pace <select name="pace"></select></label>
  </div>`;

export class Controls {
  /** @type {Source | null} */
  #source = null;
  #timer = 0;

  /**
   * @param {HTMLElement} element
   * @param {object} given
   * @param {Page} given.page
   * @param {boolean} given.calm whether a reader wants no motion
   * @param {(request: Request | null) => void} given.onRequest called when a request begins, or a person takes over
   */
  constructor(element, { page, calm, onRequest }) {
    element.innerHTML = PACE;
    this.run = find(element, "[name=run]", HTMLButtonElement);
    this.step = find(element, "[name=step]", HTMLButtonElement);
    this.pace = find(element, "[name=pace]", HTMLSelectElement);
    this.pace.replaceChildren(...PACES.map(([value, text]) => new Option(text, value)));
    this.pace.value = "4";
    this.form = new RequestForm(element, { page, count: COUNT, label: "New request", onRequest });
    this.running = !calm; // a reader who wants no motion starts it
    this.#listen();
    this.#enable(false);
  }

  /** @param {boolean} can */
  #enable(can) {
    for (const control of [this.run, this.step, this.pace]) control.disabled = !can;
  }

  /**
   * Connects the controls to where tokens come from.
   * @param {Source} source
   */
  connect(source) {
    this.#source = source;
    this.#enable(true);
    this.#go();
    this.form.connect(source);
  }

  #listen() {
    this.run.addEventListener("click", () => this.#setRunning(!this.running));
    this.step.addEventListener("click", () => {
      this.#setRunning(false);
      this.#source?.step();
    });
    this.pace.addEventListener("change", () => this.#go());
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
}
