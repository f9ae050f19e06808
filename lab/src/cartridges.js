/**
 * The cartridges that the page has, and the numbers of one.
 * @import { Cartridge, Cartridges, Lab } from "./types.js"
 */

import { parsed } from "./model/packed.js";

/** @param {string} url */
async function text(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the server answers ${response.status}`);
  return response.text();
}

/** @returns {Promise<Cartridges>} */
export const loadCartridges = async () => JSON.parse(await text("data/cartridges.json"));

/**
 * @param {Cartridge} cartridge
 * @returns {Promise<Lab>}
 */
export const loadLab = async ({ folder }) => parsed(await text(`${folder}/lab.json`));

/**
 * lab.json as it is for the cartridge that is downloaded: its records have words and logits, see docs/host.md.
 * @param {Lab} lab
 * @returns {Lab}
 */
export function withoutTrace(lab) {
  const { logits } = lab.record;
  const entries = { logits: { offset: logits, shape: [lab.config.vocab_size], over_positions: false } };
  return { ...lab, record: { ...lab.record, bytes: logits + 2 * lab.config.vocab_size, traced: false, entries } };
}
