/**
 * The integer model, one document at a time: the twin of quantize/executor.py.
 * @import { ModelData, State, Step, Stream } from "../types.js"
 */

import { stepOf } from "./kernels/index.js";

/** Tokens of the longest context that a memory knows. */
const LONGEST = 4;

export class Executor {
  /** @param {ModelData} model */
  constructor(model) {
    this.config = model.config;
    this.steps = model.program.map((kernel) => stepOf(kernel, model));
  }

  /**
   * A new document: the position of its next token, the last tokens, and of every position what attention reads
   * again, by name.
   * @returns {Stream}
   */
  start() {
    return { position: 0, last: Array(LONGEST).fill(this.config.bos), caches: {} };
  }

  /**
   * Advance a document by one token: logits (vocab,) Q8.8, and every intermediate by name. Scores and weights of
   * attention are (heads × context), zero beyond the position.
   *
   * Throws when the context is full or the token unknown.
   * @param {Stream} stream
   * @param {number} token
   * @returns {Step}
   */
  step(stream, token) {
    const { position, caches } = stream;
    const { block_size: context, vocab_size: tokens } = this.config;
    if (position >= context) throw new RangeError("the context is full: start another document");
    if (!Number.isInteger(token) || token < 0 || token >= tokens) throw new RangeError(`there is no token ${token}`);
    stream.last = [...stream.last.slice(1), token];
    /** @type {State} */
    const state = { token, position, last: stream.last, rows: [], buffers: {}, caches, trace: {} };
    for (const step of this.steps) step(state);
    stream.position += 1;
    return { logits: state.buffers.logits, trace: state.trace };
  }
}
