/** Xorshift on two words of 16 bits: the twin of Generator in quantize/sampler.py. */

const SEED_MIX = 0x9e37;
const SEED_ROUNDS = 16;

export class Generator {
  /**
   * @param {number} x
   * @param {number} y
   */
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }

  /** The next 16 random bits. */
  draw() {
    const t = this.x ^ ((this.x << 5) & 0xffff);
    [this.x, this.y] = [this.y, this.y ^ (this.y >> 1) ^ t ^ (t >> 3)];
    return this.y;
  }
}

/**
 * The generator of a seed, 0 … 65535, stirred so that neighbouring seeds part.
 * @param {number} seed
 */
export function seededGenerator(seed) {
  const generator = new Generator(seed & 0xffff, SEED_MIX);
  for (let round = 0; round < SEED_ROUNDS; round++) generator.draw();
  return generator;
}
