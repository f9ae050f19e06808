/**
 * What all figures share: the model, the word the reader typed, what the model computed of it, where to look.
 * @import { Context, Lab, Model, Reading } from "../types.js"
 */

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
    ...read(firstWord(lab)),
    lab,
    model,
    config: lab.config,
    weights: floatWeights(lab),
    symbol: (token) => lab.symbols[token] ?? BOS_MARK,
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

/** A training name of middling length. */
export const firstWord = (/** @type {Lab} */ lab) =>
  lab.documents.find((name) => name.length === 6) ?? lab.documents[0] ?? lab.symbols[0];

/**
 * What of a typed text the model can read: characters it has no symbol for are left out, then what is too long.
 * @param {Lab} lab
 * @param {Model} model
 * @param {string} text
 */
export function readWord(lab, model, text) {
  const known = new Set(lab.symbols.join(""));
  const lower = [...text].some((c) => !known.has(c)) ? text.toLowerCase() : text;
  const unknown = [...new Set([...lower].filter((c) => !known.has(c)))];
  let word = [...lower].filter((c) => known.has(c)).join("");
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
 * The integer model's steps over tokens.
 * @param {Model} model
 * @param {number[]} tokens
 */
export function forward(model, tokens) {
  const stream = model.start();
  return tokens.map((token) => model.step(stream, token));
}
