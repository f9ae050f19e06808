/**
 * What a page shows as an address, and back: ?cartridge=stories&target=sa1&prompt=Once&temperature=0.7&seed=3.
 * An address is somebody's: what is wrong in it becomes a sentence, and what is usual takes its place.
 * @import { Cartridge, Wish } from "./types.js"
 */

const DECIMAL = /^\d{1,3}(\.\d{1,9})?$/;
const WHOLE = /^\d{1,9}$/;
const MAX_TENTHS = 20;
export const MAX_SEED = 0xffff;
const SHOWN = 40; // letters of what was wrong

/** @param {string} text */
const quoted = (text) => `“${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}”`;

/**
 * The number that a text is in units of 1 / parts, or null.
 * @param {string} text
 * @param {RegExp} form
 * @param {number} parts
 * @param {number} most
 */
function whole(text, form, parts, most) {
  const value = Number(text) * parts;
  const near = Math.round(value);
  return form.test(text) && Math.abs(value - near) < 1e-6 && near <= most ? near : null;
}

/**
 * @param {string} search the part of an address from the question mark on
 * @param {Cartridge[]} cartridges those there are
 * @returns {Wish}
 */
export function readAddress(search, cartridges) {
  const given = new URLSearchParams(search);
  /** @type {string[]} */
  const problems = [];
  const cartridge = chosen(given.get("cartridge"), given.get("target"), cartridges, problems);
  /**
   * @template V
   * @param {string} name
   * @param {V} usual
   * @param {(text: string) => V | null} read
   * @param {string} rule
   */
  const value = (name, usual, read, rule) => {
    const text = given.get(name);
    const found = text === null ? usual : read(text);
    if (found === null) problems.push(`${rule}, not ${quoted(text ?? "")}.`);
    return found ?? usual;
  };
  return {
    cartridge,
    prompt: value("prompt", cartridge.prompt, (text) => text, ""),
    tenths: value("temperature", cartridge.tenths, (text) => whole(text, DECIMAL, 10, MAX_TENTHS), "A temperature is 0.0 to 2.0, in tenths"),
    seed: value("seed", cartridge.seed, (text) => whole(text, WHOLE, 1, MAX_SEED), `A seed is 0 to ${MAX_SEED}`),
    asks: ["prompt", "temperature", "seed"].some((name) => given.has(name)),
    problems,
  };
}

/**
 * The first there is where no name is given, or none of it; of a name the stock console's, where no machine is.
 * @param {string | null} name
 * @param {string | null} target
 * @param {Cartridge[]} cartridges
 * @param {string[]} problems
 */
function chosen(name, target, cartridges, problems) {
  const named = cartridges.filter((each) => each.name === (name ?? cartridges[0].name));
  if (!named.length) problems.push(`There is no cartridge ${quoted(name ?? "")}: this is “${cartridges[0].title}”.`);
  const among = named.length ? named : cartridges.filter((each) => each.name === cartridges[0].name);
  const found = among.find((each) => each.target === (target ?? among[0].target));
  if (!found) problems.push(`“${among[0].title}” is not there for ${quoted(target ?? "")}: this is for ${among[0].machine}.`);
  return found ?? among[0];
}

/**
 * The address of a cartridge's page, of a text where it asks for one.
 * @param {Cartridge} cartridge
 * @param {Pick<Wish, "prompt" | "tenths" | "seed"> | null} [text]
 */
export function addressOf({ name, target }, text = null) {
  const asked = text && { prompt: text.prompt, temperature: (text.tenths / 10).toFixed(1), seed: String(text.seed) };
  return `?${new URLSearchParams({ cartridge: name, target, ...asked })}`;
}

/**
 * Makes a text's address the page's own.
 * @param {Wish} wish
 */
export function remember(wish) {
  history.replaceState(null, "", addressOf(wish.cartridge, wish) + location.hash);
}

/**
 * Leaves only the cartridge in the address.
 * @param {Wish} wish
 */
export function forget({ cartridge }) {
  history.replaceState(null, "", addressOf(cartridge) + location.hash);
}
