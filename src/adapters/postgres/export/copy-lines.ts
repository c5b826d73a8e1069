/** Whole lines of what COPY prints: a line end that is part of a value is written as `\n`, with a backslash. */
export async function* copyLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(LINE_END) + 1
    if (end === 0) {
      begun.push(piece)
      continue
    }
    const lines = piece.subarray(0, end)
    yield begun.length === 0 ? lines : Buffer.concat([...begun, lines])
    begun = end === piece.length ? [] : [piece.subarray(end)]
  }
}

const LINE_END = 10
