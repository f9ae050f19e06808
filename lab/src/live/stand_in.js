/**
 * The model in JavaScript behind the host's interface, for a browser in which the console cannot run.
 * @import { LoggedToken, Mode, Model, Request, Source, Token } from "../types.js"
 */

const TICK = 250; // ms a token: it is to be watched

/** @implements {Source} */
export class StandIn {
  #model;
  /** @type {Set<(token: LoggedToken) => void>} */
  #listeners = new Set();
  /** @type {Iterator<Token, void> | null} */
  #run = null;
  #owed = 0;

  /** @type {Mode} */
  mode = "request";
  stepping = false;
  /** @type {Request | null} */
  current = null;
  rate = 1000 / TICK;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    setInterval(() => this.#tick(), TICK);
  }

  /** @param {(token: LoggedToken) => void} listener */
  onRecord(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  step() {
    this.stepping = true;
    this.#owed += 1;
    this.#tick();
  }

  /** @param {Request} request */
  request(request) {
    this.current = request;
    this.#run = this.#model.run(request);
    return Promise.resolve();
  }

  #tick() {
    const { current } = this;
    if (!current || !this.#run || (this.stepping && this.#owed === 0)) return;
    if (this.stepping) this.#owed -= 1;
    const { value } = this.#run.next();
    if (!value) return;
    const { trace, ...words } = value;
    const values = (/** @type {string} */ name) => trace[name];
    for (const listener of this.#listeners) listener({ ...words, values, mode: this.mode, tenths: current.tenths });
  }
}
