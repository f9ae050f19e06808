// The places of the console's work RAM and of the cartridge's in the emulator's memory, and words in them.

/** How Snes9x names the blocks in a save state: three letters, then the size in six digits. */
const BLOCKS = { work: "RAM", cartridge: "SRA" };
const SIZE = /^:(\d{6}):/;
const SIZE_BYTES = 8;
const PIECE = 64;

/** @typedef {keyof typeof BLOCKS} RamName */

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
 * What a save state says that a RAM holds. Throws Error when it says nothing of it.
 * @param {Uint8Array} state
 * @param {RamName} name
 */
function savedRam(state, name) {
  const label = new TextEncoder().encode(`${BLOCKS[name]}:`);
  for (let at = indexOf(state, label, 0); at >= 0; at = indexOf(state, label, at + 1)) {
    const from = at + label.length - 1;
    const found = SIZE.exec(String.fromCharCode(...state.subarray(from, from + SIZE_BYTES)));
    if (found) return state.subarray(from + SIZE_BYTES, from + SIZE_BYTES + Number(found[1]));
  }
  throw new Error(`the save state has no ${name} RAM in it`);
}

/**
 * The place of a RAM in `memory`: the one block outside the save state (at `state`, `size` bytes) which holds what
 * the state says that it holds. null while all of it is one byte, as before the machine is up. Throws Error when there
 * is none.
 * @param {Uint8Array} memory
 * @param {number} state
 * @param {number} size
 * @param {RamName} name
 */
export function findRam(memory, state, size, name) {
  const saved = savedRam(memory.subarray(state, state + size), name);
  // A stretch that is not all the same byte, and begins with none that is everywhere.
  const lead = saved.findIndex((value) => value !== saved[0] && value !== 0);
  if (lead < 0) return null;
  const pattern = saved.slice(lead, lead + PIECE);
  for (let at = indexOf(memory, pattern, 0); at >= 0; at = indexOf(memory, pattern, at + 1)) {
    const base = at - lead;
    if (base >= state && base < state + size) continue;
    if (saved.every((value, i) => memory[base + i] === value)) return { base, bytes: saved.length };
  }
  throw new Error(`${name} RAM was not found in the emulator's memory`);
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
