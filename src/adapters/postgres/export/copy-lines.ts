/** Whole lines of what COPY prints: a line end that is part of a value is written as `\n`, with a backslash. */
export function copyLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  return copyParts(pieces, Number.POSITIVE_INFINITY)
}

/**
 * The same, but a line of more than `most` bytes in parts of about as many, of which the last goes on with the lines behind it. A part
 * ends where a value does, or in a long one; never within a sequence that begins with a backslash.
 *
 * @param most at least 4 KiB.
 */
export async function* copyParts(pieces: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(LINE_END) + 1
    begun.push(piece.subarray(0, end === 0 ? undefined : end))
    bytes += piece.length
    if (end === 0 && bytes <= most) continue
    const all = joined(begun)
    const cut = end === 0 ? cutOf(all) : all.length
    // Before what is given away is dealt with, so that nothing is held twice.
    const rest = end === 0 ? all.subarray(cut) : piece.subarray(end)
    begun = rest.length === 0 ? [] : [rest]
    bytes = rest.length
    yield all.subarray(0, cut)
  }
}

/** Values of fewer bytes are not cut: so short are all that are neither text nor a number. */
const SHORT = 4_096

/** Where a part that begins no sequence and ends in none may end. */
function cutOf(bytes: Buffer): number {
  const value = bytes.lastIndexOf(TAB) + 1
  if (value > 0 && bytes.length - value < SHORT) return value
  let backslashes = 0
  while (bytes[bytes.length - 1 - backslashes] === BACKSLASH) backslashes += 1
  return bytes.length - (backslashes % 2)
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces)
}

const [TAB, LINE_END, BACKSLASH] = [9, 10, 92]
