/** The three views of the texts, remembered, and in the address: #step/view. */

/** @type {Record<string, string>} */
export const VIEWS = { plain: "plain words", technical: "technical", both: "both" };
const FIRST = "plain";
const KEY = "snes-gpt-view";

/**
 * {step, view} of an address' hash; an unknown part is null.
 * @param {string} hash
 * @param {string[]} steps
 */
export function parseHash(hash, steps) {
  const [step, view] = hash.replace(/^#/, "").split("/");
  return { step: steps.includes(step) ? step : null, view: Object.hasOwn(VIEWS, view ?? "") ? view : null };
}

export const hashOf = (/** @type {string} */ step, /** @type {string} */ view) => `#${step}/${view}`;

/**
 * What the browser remembers; nothing where it may not.
 * @param {() => Pick<Storage, "getItem">} storage
 */
export function remembered(storage = () => window.localStorage) {
  try {
    const view = storage().getItem(KEY);
    return view !== null && Object.hasOwn(VIEWS, view) ? view : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} view
 * @param {() => Pick<Storage, "setItem">} storage
 */
export function remember(view, storage = () => window.localStorage) {
  try {
    storage().setItem(KEY, view);
  } catch {
    // Storage is full or forbidden: the view then holds for this visit.
  }
}

/**
 * The view to begin with: the address', else the remembered one.
 * @param {string} hash
 * @param {string[]} steps
 */
export const firstView = (hash, steps) => parseHash(hash, steps).view ?? remembered() ?? FIRST;
