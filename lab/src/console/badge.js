// The badge: what the console logged, compared with what the page's own integer model computes, number by number.

/** Compares records with a model, token by token. A request's are predicted from seed and prompt alone. */
export class Comparison {
  #model;
  #names;
  #expected = null; // the model's run of the request
  #stream = null; // the model's document, where a person plays
  #seen = []; // tokens by position in it

  compared = 0;
  equal = 0;
  numbers = 0;
  /** The first difference, as a sentence, or null. */
  difference = null;

  constructor(model, lab) {
    this.#model = model;
    this.#names = Object.keys(lab.record.entries);
  }

  /** The records that follow answer this request, or come from a person's play if it is null. */
  begin(request) {
    this.#expected = request && this.#model.run(request);
    this.#stream = null;
    this.#seen = [];
  }

  add(record) {
    const twin = this.#expected ? this.#expected.next().value : this.#follow(record);
    if (!twin) return;
    this.compared += 1;
    const found = this.#firstDifference(record, twin);
    if (!found) this.equal += 1;
    else this.difference ??= `token ${this.compared}, ${found}`;
  }

  /** The model's step for the token that the console read; null where it began before we looked. */
  #follow({ token, position }) {
    this.#seen[position] = token;
    if (this.#stream?.position !== position) {
      const before = this.#seen.slice(0, position);
      if (before.includes(undefined) || before.length < position) return null;
      this.#stream = this.#model.start();
      for (const earlier of before) this.#model.step(this.#stream, earlier);
    }
    return { token, position, ...this.#model.step(this.#stream, token) };
  }

  #firstDifference(record, twin) {
    for (const name of ["token", "position", "next", "x", "y"]) {
      if (!(name in twin)) continue;
      this.numbers += 1;
      if (record[name] !== twin[name]) return `${name}: console ${record[name]}, model ${twin[name]}`;
    }
    for (const name of this.#names) {
      const [found, wanted] = [record.values(name), twin.trace[name]];
      this.numbers += found.length;
      const at = found.findIndex((value, i) => value !== wanted[i]);
      if (at >= 0) return `${name}[${at}]: console ${found[at]}, model ${wanted[at]}`;
    }
    return null;
  }
}

/** Shows a comparison in `element`. */
export function showBadge(element, { compared, equal, numbers, difference }) {
  element.dataset.state = difference ? "different" : compared ? "equal" : "waiting";
  element.dataset.compared = compared;
  element.dataset.equal = equal;
  const count = (value) => value.toLocaleString("en");
  if (!compared) element.textContent = "Waiting for the first token to compare…";
  else if (difference) element.textContent = `${count(equal)} of ${count(compared)} tokens equal; first difference: ${difference}`;
  else element.textContent = `✓ ${count(equal)} of ${count(compared)} tokens equal, in all their ${count(numbers)} numbers`;
}
