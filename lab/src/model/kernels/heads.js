/** @import { Attention, Head, ModelConfig, State, Vector } from "../../types.js" */

/**
 * What all heads attend to, side by side. Traces scores and weights (heads × context), zero beyond the position.
 * @param {ModelConfig} config
 * @param {Attention} block
 * @param {State} state
 * @param {(query: Vector, from: number, to: number) => Head} head given its query, and where its part of a vector
 *   begins and ends
 */
export function headByHead({ n_embd, n_head: heads, head_dim: width, block_size: context }, block, state, head) {
  const attended = new Int32Array(n_embd);
  const [scores, weights] = [new Int32Array(heads * context), new Int32Array(heads * context)];
  for (let n = 0; n < heads; n++) {
    const [from, to] = [n * width, (n + 1) * width];
    const found = head(state.buffers[block.query].subarray(from, to), from, to);
    attended.set(found.attended, from);
    scores.set(found.scores, n * context);
    weights.set(found.weights, n * context);
  }
  state.trace[`${block.name}.scores`] = scores;
  state.trace[`${block.name}.weights`] = weights;
  return attended;
}

/**
 * One head's part of the keys or values of every position.
 * @param {Vector[]} vectors
 * @param {number} from
 * @param {number} to
 */
export const part = (vectors, from, to) => vectors.map((vector) => vector.subarray(from, to));
