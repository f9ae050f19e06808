const MAGIC = [0x1f, 0x8b];

/**
 * The stream behind gzip; one that a server has already unpacked is given back as it is.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 */
export async function gunzipped(stream) {
  const [ahead, whole] = stream.tee();
  const { value } = await ahead.getReader().read();
  const packed = MAGIC.every((byte, i) => value?.[i] === byte);
  return packed ? whole.pipeThrough(new DecompressionStream("gzip")) : whole;
}
