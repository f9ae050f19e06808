/** Arrays of numbers out of JSON: the inverse of snesgpt/lab/packed.py. */

const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
};

/** @typedef {{packed: keyof typeof ARRAYS, base64: string}} Packed */

/** @param {Packed} given in this machine's order of bytes: every browser's is little-endian */
function unpacked({ packed, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new ARRAYS[packed](bytes.buffer);
}

/**
 * What JSON says, its packed arrays as typed ones.
 * @param {string} text
 */
export const parsed = (text) => JSON.parse(text, (_, value) => (value?.packed in ARRAYS ? unpacked(value) : value));
