/**
 * What all figures share: the model, the word the reader typed, what the model computed of it, where to look.
 * @import { Context, Lab, Model, Reading, Request } from "../types.js"
 */

import { visible } from "../symbols.js";
import { ONE } from "./q88.js";
import { floatWeights } from "./float_model.js";

const BOS_MARK = "◆";

/**
 * @param {{lab: Lab, model: Model}} given
 * @returns {Context}
 */
export function createContext({ lab, model }) {
  /** @type {Set<() => void>} */
  const listeners = new Set();
  /** @type {(text: string) => Reading} */
  const read = (text) => {
    const { word, tokens, problem } = readWord(lab, model, text);
    return { word, tokens, problem, position: tokens.length - 1, pass: forward(model, tokens) };
  };
  /** @type {Context} */
  const context = {
    ...read(firstWord(lab, model)),
    lab,
    model,
    config: lab.config,
    weights: floatWeights(lab),
    symbol: (token) => (token === lab.config.bos ? BOS_MARK : visible(lab.symbols[token])),
    setWord(text) {
      Object.assign(context, read(text));
      changed();
    },
    setPosition(position) {
      context.position = position;
      changed();
    },
    subscribe: (listener) => void listeners.add(listener),
    values: (name, position = context.position) => Array.from(context.pass[position].trace[name], (v) => v / ONE),
    get document() {
      return [...context.tokens, lab.config.bos];
    },
  };
  const changed = () => listeners.forEach((listener) => listener());
  return context;
}

/** Tokens of what the model writes itself, where no training text is known. */
const OWN_TOKENS = 8;

/**
 * A training name of middling length, or what the model begins a text with.
 * @param {Lab} lab
 * @param {Model} model
 */
export function firstWord(lab, model) {
  if (lab.documents.length && !lab.goes_on) return lab.documents.find((name) => name.length === 6) ?? lab.documents[0];
  return model.decode(beginning(model, { seed: 1, tenths: lab.temperature, count: 1 }, OWN_TOKENS));
}

/**
 * The first tokens of a request's text, at most `most`.
 * @param {Model} model
 * @param {Request} request
 * @param {number} most
 */
export function beginning(model, request, most) {
  const found = [];
  for (const { next } of model.run(request)) {
    if (next === model.bos || found.push(next) === most) break;
  }
  return found;
}

/**
 * What of a typed text the model can read: characters it has no symbol for are left out, then what is too long.
 * @param {Lab} lab
 * @param {Model} model
 * @param {string} text
 */
export function readWord(lab, model, text) {
  const known = (/** @type {string} */ character) => canRead(model, character);
  const lower = [...text].every(known) ? text : text.toLowerCase();
  const unknown = [...new Set([...lower].filter((c) => !known(c)))];
  let word = [...lower].filter(known).join("");
  const room = lab.config.block_size - 1;
  let cut = false;
  while (model.encode(word).length > room) {
    word = word.slice(0, -1);
    cut = true;
  }
  const problems = [
    unknown.length ? `The model has no symbol for ${unknown.map((c) => `“${c}”`).join(", ")}.` : "",
    cut ? `Its context holds ${room} tokens after the start: the rest is left out.` : "",
  ];
  return { word, tokens: [lab.config.bos, ...model.encode(word)], problem: problems.filter(Boolean).join(" ") };
}

/**
 * Whether a text has tokens.
 * @param {Model} model
 * @param {string} text
 */
function canRead(model, text) {
  try {
    model.encode(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The integer model's steps over tokens.
 * @param {Model} model
 * @param {number[]} tokens
 */
export function forward(model, tokens) {
  const stream = model.start();
  return tokens.map((token) => model.step(stream, token));
}
