/**
 * The integer model, one document at a time: the twin of quantize/executor.py.
 * @import { ModelData, Step, Stream, Vector } from "../types.js"
 */

import { kernelOf } from "./kernels/index.js";
import { microgpt } from "./schedule.js";

export class Executor {
  /** @param {ModelData} model */
  constructor(model) {
    this.config = model.config;
    this.steps = microgpt(model.config).map((block) => ({ block, compute: kernelOf(block, model) }));
  }

  /**
   * A new document: the position of its next token, and per cached buffer one vector (d,) a position.
   * @returns {Stream}
   */
  start() {
    const cached = this.steps.flatMap(({ block }) => ("cached" in block && block.cached ? [block.out] : []));
    return { position: 0, caches: Object.fromEntries(cached.map((name) => [name, []])) };
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
    /** @type {Record<string, Vector>[]} */
    const [buffers, trace] = [{}, {}];
    for (const { block, compute } of this.steps) {
      const result = compute({ token, position, buffers, caches, trace });
      if ("cached" in block && block.cached) caches[block.out].push(result);
      trace[block.name] = buffers[block.out] = result;
    }
    stream.position += 1;
    return { logits: buffers.logits, trace };
  }
}
