/** Hashes of keys as text: 11 characters each. */
export function packHashes(hashes: readonly bigint[]): string {
  return Buffer.from(BigUint64Array.from(hashes).buffer).toString('base64')
}

export function unpackHashes(text: string): BigUint64Array {
  // A buffer of its own, as a small one of Node's may begin anywhere.
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  return new BigUint64Array(bytes.buffer, 0, bytes.length / BigUint64Array.BYTES_PER_ELEMENT)
}
