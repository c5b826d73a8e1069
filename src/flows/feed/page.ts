import type { Page } from './part-file.js'

/** Rows as the text of a file, each with the separator before it. */
export interface TextPage extends Page<TextPage> {
  /** In UTF-8, one after the other: they are compressed by themselves. Several are a single row. */
  readonly chunks: readonly Uint8Array[]
}

/** Rows that have no line end within them. */
export function textPage(rows: number, bytes: Uint8Array, separator: string): TextPage {
  return {
    rows,
    chunks: chunksOf(bytes),
    cut(first) {
      let end = bytes.indexOf(LINE_END)
      for (let row = 0; row < first; row++) end = bytes.indexOf(LINE_END, end + 1)
      const border = end + 1 - separator.length
      const [head, rest] = [bytes.subarray(0, border), bytes.subarray(border)]
      return [textPage(first, head, separator), textPage(rows - first, rest, separator)]
    },
  }
}

const LINE_END = 10

/** A row that comes in chunks. */
export function largeRow(chunks: readonly Uint8Array[]): TextPage {
  return {
    rows: 1,
    chunks,
    cut(): never {
      throw new RangeError('a single row is not cut')
    },
  }
}

/** Rows that may have line ends within them. */
export function linesPage(lines: readonly string[], separator: string): TextPage {
  const gathered = new GatheredLines(separator)
  gathered.add(lines)
  return gathered.take()
}

/** Puts rows together as bytes soon after they are made: thousands of texts that live for long are work for the collector. */
export class GatheredLines {
  readonly #separator: string
  #parts: Buffer[] = []
  /** Where each row begins. */
  #starts: number[] = []
  #bytes = 0

  constructor(separator: string) {
    this.#separator = separator
  }

  get bytes(): number {
    return this.#bytes
  }

  add(lines: readonly string[]): void {
    if (lines.length === 0) return
    const part = partOf(lines, this.#separator)
    this.#note(part, lines)
    this.#parts.push(part)
    this.#bytes += part.length
  }

  take(): TextPage {
    const [first] = this.#parts
    const bytes = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts)
    const page = placedPage(bytes, this.#starts, 0)
    this.#parts = []
    this.#starts = []
    this.#bytes = 0
    return page
  }

  #note(part: Buffer, lines: readonly string[]): void {
    let start = this.#bytes
    // Most texts have as many bytes as characters.
    const plain = part.length === lines.reduce((sum, line) => sum + this.#separator.length + line.length, 0)
    for (const line of lines) {
      this.#starts.push(start)
      start += this.#separator.length + (plain ? line.length : Buffer.byteLength(line))
    }
  }
}

function partOf(lines: readonly string[], separator: string): Buffer {
  const [only] = lines
  if (only === undefined || lines.length > 1) return Buffer.from(separator + lines.join(separator))
  // A single row may be a large one, of which no copies are to be made.
  const begin = Buffer.byteLength(separator)
  const part = Buffer.allocUnsafe(begin + Buffer.byteLength(only))
  part.write(separator)
  part.write(only, begin)
  return part
}

/** @param starts where each row begins in what `bytes` is a part of, which begins at `origin` there. */
function placedPage(bytes: Uint8Array, starts: readonly number[], origin: number): TextPage {
  return {
    rows: starts.length,
    chunks: chunksOf(bytes),
    cut(first) {
      const border = (starts[first] ?? origin + bytes.length) - origin
      return [
        placedPage(bytes.subarray(0, border), starts.slice(0, first), origin),
        placedPage(bytes.subarray(border), starts.slice(first), origin + border),
      ]
    },
  }
}

/** Of a page of more, which is a large row, the chunks. */
const LARGE_BYTES = 1024 * 1024
const CHUNK_BYTES = LARGE_BYTES / 2

function chunksOf(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length <= LARGE_BYTES) return [bytes]
  const count = Math.ceil(bytes.length / CHUNK_BYTES)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES))
}
