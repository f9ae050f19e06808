/** The integer model, one document at a time: the twin of quantize/executor.py. */

import {
  ACTIVATIONS,
  attend,
  attendPpu,
  attentionScores,
  attentionScoresPpu,
  narrow,
  rmsnorm,
  rmsnormTable,
  softmaxWeights,
  softmaxWeightsPpu,
} from "./blocks.js";
import { clip, roundShift } from "./fixed.js";
import { linear, rowsOf } from "./kernels.js";
import { microgpt } from "./schedule.js";

/** The fast attention keeps scores with 2^15 added; a trace reads them as signed words. */
const SCORE_OFFSET = 2 ** 15;

/** A score as the console's log holds it, and as a host reads it there: offset, cut to 16 bits, read as signed. */
const scoreAsKept = (score) => (score & 0xffff) - SCORE_OFFSET;

export class Executor {
  /** @param lab lab.json, of which config, tensors, kernels, parameters and tables are read */
  constructor({ config, tensors, kernels, parameters, tables }) {
    Object.assign(this, { config, kernels, parameters, tables });
    this.schedule = microgpt(config);
    this.wte = rowsOf(tensors.wte);
    this.wpe = rowsOf(tensors.wpe);
    this.linear = {};
    for (const { kind, weight } of this.schedule) {
      if (kind !== "linear") continue;
      this.linear[weight] = linear(kernels[weight], tensors[weight], parameters[`${weight}.exponent`] ?? 0);
    }
  }

  /** A new document: the position of its next token, and per cached buffer one vector (d,) a position. */
  start() {
    const caches = {};
    for (const block of this.schedule) if (block.cached) caches[block.out] = [];
    return { position: 0, caches };
  }

  /**
   * Advance a document by one token.
   * @returns {{logits: Int32Array, trace: Object<string, Int32Array>}} logits (vocab,) Q8.8; every intermediate by
   * name. Scores and weights of attention are (heads × context), zero beyond the position.
   * Throws when the context is full or the token unknown.
   */
  step(stream, token) {
    if (stream.position >= this.config.block_size) throw new RangeError("the context is full: start another document");
    if (!(token in this.wte)) throw new RangeError(`there is no token ${token}`);
    const [buffers, trace] = [{}, {}];
    for (const block of this.schedule) {
      const result = this.#compute(block, buffers, stream, token, trace);
      if (block.cached) stream.caches[block.out].push(result);
      trace[block.name] = buffers[block.out] = result;
    }
    stream.position += 1;
    return { logits: buffers.logits, trace };
  }

  #compute(block, buffers, stream, token, trace) {
    const source = buffers[block.source];
    switch (block.kind) {
      case "embed":
        return this.wte[token].map((value, n) => value + this.wpe[stream.position][n]);
      case "norm":
        return this.#norm(block, source);
      case "linear":
        return this.linear[block.weight](this.#clamped(block, source));
      case "attention":
        return this.#attention(block, buffers.query, stream, trace);
      case "activation":
        return ACTIVATIONS[this.config.activation](buffers[block.out]);
      case "add":
        return buffers[block.out].map((value, n) => value + source[n]);
    }
  }

  #norm(block, x) {
    if (this.kernels[block.name] !== "table") return rmsnorm(x, this.tables);
    return rmsnormTable(x, this.parameters[`${block.name}.bits`], this.tables);
  }

  /** An input that no norm bounds is cut, and if need be halved, where the kernel's sums need a bound. */
  #clamped(block, x) {
    const clamp = this.parameters[`${block.weight}.clamp`];
    if (clamp === undefined) return x;
    return x.map((value) => roundShift(clip(value, -clamp, clamp), this.parameters[`${block.weight}.shift`]));
  }

  #attention(block, query, stream, trace) {
    const { n_embd: d, n_head: heads, head_dim: width, block_size: context } = this.config;
    const fast = this.kernels[block.name] === "ppu";
    const [attended, scores, weights] = [d, heads * context, heads * context].map((size) => new Int32Array(size));
    const head = fast ? this.#headPpu(block, trace, query, stream) : this.#headExact(block, stream);
    for (let n = 0; n < heads; n++) {
      const found = head(query.subarray(n * width, (n + 1) * width), n * width, (n + 1) * width);
      attended.set(found.attended, n * width);
      scores.set(found.scores, n * context);
      weights.set(found.weights, n * context);
    }
    trace[`${block.name}.scores`] = scores;
    trace[`${block.name}.weights`] = weights;
    return attended;
  }

  /** One head's scores, weights and result, given its query and where its part of a vector begins and ends. */
  #headExact(block, { caches }) {
    return (query, from, to) => {
      const scores = attentionScores(query, caches[block.keys].map((key) => key.subarray(from, to)));
      const weights = softmaxWeights(scores, this.tables);
      return { scores, weights, attended: attend(weights, caches[block.values].map((v) => v.subarray(from, to))) };
    };
  }

  /** The same on the picture unit's multiplier; traces query, newest key and newest value as the console has them. */
  #headPpu(block, trace, query, { position, caches }) {
    const keyShift = this.parameters[`${block.name}.key_shift`];
    const valueShift = this.parameters[`${block.name}.value_shift`];
    const keys = caches[block.keys].map((key) => narrow(key, keyShift));
    const values = caches[block.values].map((value) => narrow(value, valueShift));
    trace[`${block.name}.query`] = query.map((q) => q * 2 ** keyShift);
    trace[`${block.name}.packed`] = values[position].map((value, n) => value * 256 + (keys[position][n] & 0xff));
    return (own, from, to) => {
      const scores = attentionScoresPpu(own, keys.map((key) => key.subarray(from, to)), keyShift);
      const weights = softmaxWeightsPpu(scores, this.tables);
      const attended = attendPpu(weights, values.map((value) => value.subarray(from, to)), valueShift);
      return { scores: scores.map(scoreAsKept), weights, attended };
    };
  }
}
