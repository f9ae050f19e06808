// The model in JavaScript behind the host's interface, for a browser in which the console cannot run.

const TICK = 250; // ms a token: it is to be watched

export class StandIn {
  #model;
  #names;
  #listeners = new Set();
  #run = null;
  #owed = 0;

  mode = "request";
  stepping = false;
  current = null;
  rate = 1000 / TICK;

  constructor(model, lab) {
    this.#model = model;
    this.#names = new Set(Object.keys(lab.record.entries));
    setInterval(() => this.#tick(), TICK);
  }

  onRecord(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  step() {
    this.stepping = true;
    this.#owed += 1;
    this.#tick();
  }

  request(request) {
    this.current = request;
    this.#run = this.#model.run(request);
    return Promise.resolve();
  }

  #tick() {
    if (!this.#run || (this.stepping && this.#owed === 0)) return;
    if (this.stepping) this.#owed -= 1;
    const { value } = this.#run.next();
    if (!value) return;
    const { trace, ...words } = value;
    const values = (name) => (this.#names.has(name) ? trace[name] : null);
    for (const listener of this.#listeners) listener({ ...words, values, mode: this.mode, tenths: this.current.tenths });
  }
}
