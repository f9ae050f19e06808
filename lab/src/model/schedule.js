/**
 * The forward pass as a list of blocks: the twin of quantize/schedule.py.
 *
 * A block reads and writes buffers by name; `cached` ones are kept for every position.
 * @import { Block, Linear, ModelConfig } from "../types.js"
 */

/**
 * @param {ModelConfig} config
 * @returns {Block[]}
 */
export function microgpt(config) {
  /** @type {Block[]} */
  const blocks = [
    { kind: "embed", name: "embed", out: "residual" },
    { kind: "norm", name: "embed_norm", source: "residual", out: "residual" },
  ];
  for (let layer = 0; layer < config.n_layer; layer++) {
    const p = `layer${layer}`;
    /** @returns {Linear} */
    const linear = (
      /** @type {string} */ name,
      /** @type {string} */ weight,
      /** @type {string} */ source,
      /** @type {string} */ out,
      cached = false,
    ) => ({ kind: "linear", name: `${p}.${name}`, weight: `${p}.${weight}`, source, out, cached });
    const [keys, values] = [`${p}.keys`, `${p}.values`];
    blocks.push(
      { kind: "norm", name: `${p}.attention_norm`, source: "residual", out: "normed" },
      linear("q", "wq", "normed", "query"),
      linear("k", "wk", "normed", keys, true),
      linear("v", "wv", "normed", values, true),
      { kind: "attention", name: `${p}.attention`, query: "query", keys, values, out: "attended" },
      linear("o", "wo", "attended", "branch"),
      { kind: "add", name: `${p}.attention_residual`, source: "branch", out: "residual" },
      { kind: "norm", name: `${p}.mlp_norm`, source: "residual", out: "normed" },
      linear("fc1", "fc1", "normed", "hidden"),
      { kind: "activation", name: `${p}.activation`, out: "hidden" },
      linear("fc2", "fc2", "hidden", "branch"),
      { kind: "add", name: `${p}.mlp_residual`, source: "branch", out: "residual" },
    );
  }
  blocks.push({ kind: "linear", name: "logits", weight: "lm_head", source: "residual", out: "logits", cached: false });
  return blocks;
}
