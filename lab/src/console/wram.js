// The place of the console's work RAM in the emulator's memory, and words in it.

export const WORK_RAM_BYTES = 0x20000;

const SAVED = new TextEncoder().encode(`RAM:${WORK_RAM_BYTES}:`); // how Snes9x names the block in a save state
const PIECE = 64;

/**
 * Where a pattern begins in bytes, from a place on; -1 if nowhere.
 * @param {Uint8Array} bytes
 * @param {Uint8Array} pattern
 * @param {number} from
 */
function indexOf(bytes, pattern, from) {
  for (let at = bytes.indexOf(pattern[0], from); at >= 0; at = bytes.indexOf(pattern[0], at + 1)) {
    if (pattern.every((value, i) => bytes[at + i] === value)) return at;
  }
  return -1;
}

/**
 * Address of work RAM in `memory`: the one block outside the save state (at `state`, `size` bytes) which holds what
 * the state says that work RAM holds. Throws Error when there is none.
 * @param {Uint8Array} memory
 * @param {number} state
 * @param {number} size
 */
export function findWorkRam(memory, state, size) {
  const label = indexOf(memory.subarray(state, state + size), SAVED, 0);
  if (label < 0) throw new Error("the save state has no work RAM in it");
  const start = state + label + SAVED.length;
  const saved = memory.subarray(start, start + WORK_RAM_BYTES);
  const lead = saved.findIndex((value) => value !== saved[0]); // a stretch that is not all the same byte
  const pattern = saved.slice(lead, lead + PIECE);
  for (let at = indexOf(memory, pattern, 0); at >= 0; at = indexOf(memory, pattern, at + 1)) {
    const base = at - lead;
    if (base >= state && base < state + size) continue;
    if (saved.every((value, i) => memory[base + i] === value)) return base;
  }
  throw new Error("work RAM was not found in the emulator's memory");
}

/**
 * The 16-bit word at `address`, unsigned.
 * @param {Uint8Array} bytes
 * @param {number} address
 */
export function word(bytes, address) {
  return bytes[address] | (bytes[address + 1] << 8);
}

/**
 * The 16-bit word at `address`, signed.
 * @param {Uint8Array} bytes
 * @param {number} address
 */
export function signedWord(bytes, address) {
  return (word(bytes, address) << 16) >> 16;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} address
 * @param {number} value
 */
export function setWord(bytes, address, value) {
  bytes[address] = value & 0xff;
  bytes[address + 1] = (value >> 8) & 0xff;
}
