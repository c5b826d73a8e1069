import type { Layout } from './options.js'

const NEWLINE = 0x0a
const RETURN = 0x0d
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
/** Of a line over the limit so much is kept. */
const KEPT_BYTES = 64 * 1024

/** A line or CSV record. */
export interface Piece {
  /** Byte of the content at which it begins, and at which the next one does. */
  readonly start: number
  readonly end: number
  /** Without newline and byte order mark; its beginning only when it is `cut`. */
  readonly bytes: Buffer
  /** Byte of the content at which `bytes` begin. */
  readonly at: number
  readonly cut: boolean
}

export interface SplitOptions {
  /** Byte of the content at which the first chunk begins: the beginning of a line. */
  readonly start: number
  readonly lineBytes: number
  /** Newlines within quotes belong to the record. A quote counts where a field begins. */
  readonly quotes: { readonly quote: number; readonly delimiter: number } | undefined
}

/** `start`: as `SplitOptions.start`. */
export function splitOptions({ lineBytes, csv }: Layout, start: number): SplitOptions {
  const quote = csv?.quote?.charCodeAt(0)
  const quotes =
    csv === undefined || quote === undefined ? undefined : { quote, delimiter: csv.delimiter.charCodeAt(0) }
  return { start, lineBytes, quotes }
}

/** Splits bytes that come in chunks into lines or CSV records. No bytes are copied but those that cross chunks. */
export class Splitter {
  readonly #options: SplitOptions
  /** What was not given yet, and the byte of the content at which it begins. */
  #rest: Buffer = Buffer.alloc(0)
  #start: number
  /** How far into the rest no end was found, and whether that place is within quotes. */
  #scanned = 0
  #quoted = false
  /** The line over the limit whose end is looked for. */
  #long: Pick<Piece, 'start' | 'at' | 'bytes'> | undefined

  constructor(options: SplitOptions) {
    this.#options = options
    this.#start = options.start
  }

  /** How many bytes to bring at a time, so that a long line is not copied over and over. */
  get wants(): number {
    return Math.max(256 * 1024, this.#rest.length)
  }

  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
  }

  /** The next piece that is there to its end; empty lines are left out. */
  next(): Piece | undefined {
    for (;;) {
      const end = this.#findEnd()
      if (end === undefined) {
        if (this.#rest.length > this.#options.lineBytes || this.#long !== undefined) this.#drop()
        return undefined
      }
      const piece = this.#take(end)
      if (piece.bytes.length > 0) return piece
    }
  }

  /** What is left at the end of the content, without newline after it. It stays, as more may come. */
  last(): Piece | undefined {
    const end = this.#start + this.#rest.length
    const piece = this.#long === undefined ? strip(this.#rest, this.#start, end) : { ...this.#long, end, cut: true }
    return piece.bytes.length === 0 ? undefined : piece
  }

  #take(length: number): Piece {
    const start = this.#start
    const end = start + length
    const piece =
      this.#long === undefined
        ? this.#piece(this.#rest.subarray(0, length - 1), end)
        : { ...this.#long, end, cut: true }
    this.#rest = this.#rest.subarray(length)
    this.#begin(end)
    this.#long = undefined
    return piece
  }

  #piece(line: Buffer, end: number): Piece {
    const { lineBytes } = this.#options
    if (line.length <= lineBytes) return strip(line, this.#start, end)
    return { ...this.#keep(line), end, cut: true }
  }

  #keep(line: Buffer): Pick<Piece, 'start' | 'at' | 'bytes'> {
    const kept = line.subarray(0, Math.min(KEPT_BYTES, this.#options.lineBytes))
    const { start, at, bytes } = strip(kept, this.#start, this.#start)
    return { start, at, bytes: Buffer.from(bytes) }
  }

  #begin(start: number): void {
    this.#start = start
    this.#scanned = 0
    this.#quoted = false
  }

  /** Keeps the beginning of a line over the limit and forgets the rest of it. Its end is then the next newline. */
  #drop(): void {
    this.#long ??= this.#keep(this.#rest)
    this.#begin(this.#start + this.#rest.length)
    this.#rest = Buffer.alloc(0)
  }

  /** Index after the newline that ends the piece at the beginning of the rest. */
  #findEnd(): number | undefined {
    const { quotes, lineBytes } = this.#options
    if (quotes !== undefined && this.#long === undefined) {
      const end = this.#findRecordEnd(quotes)
      if (end === undefined ? this.#rest.length <= lineBytes : end - 1 <= lineBytes) return end
      // Over the limit quotes mean nothing any more: one that was never closed must not swallow the rest of the file.
      return this.#rest.indexOf(NEWLINE, lineBytes + 1) + 1 || undefined
    }
    const newline = this.#rest.indexOf(NEWLINE, this.#scanned)
    if (newline >= 0) return newline + 1
    this.#scanned = this.#rest.length
    return undefined
  }

  #findRecordEnd({ quote, delimiter }: { quote: number; delimiter: number }): number | undefined {
    const rest = this.#rest
    for (;;) {
      if (this.#quoted) {
        const mark = rest.indexOf(quote, this.#scanned)
        // Whether a quote at the end of what is there is doubled will be seen with the next chunk.
        this.#scanned = mark < 0 ? rest.length : mark
        if (mark < 0 || mark + 1 === rest.length) return undefined
        this.#quoted = rest[mark + 1] === quote
        this.#scanned = this.#quoted ? mark + 2 : mark + 1
      } else {
        const newline = rest.indexOf(NEWLINE, this.#scanned)
        // Not beyond the line: to look for quotes in all that is there, for every line, would be slow.
        const line = rest.subarray(this.#scanned, newline < 0 ? rest.length : newline)
        const mark = line.indexOf(quote)
        if (mark < 0) {
          this.#scanned = rest.length
          return newline < 0 ? undefined : newline + 1
        }
        const at = this.#scanned + mark
        this.#quoted = at === bomLength(rest, this.#start) || rest[at - 1] === delimiter
        this.#scanned = at + 1
      }
    }
  }
}

function strip(line: Buffer, start: number, end: number): Piece {
  const from = bomLength(line, start)
  const to = line.at(-1) === RETURN ? line.length - 1 : line.length
  return { start, end, at: start + from, bytes: line.subarray(from, Math.max(from, to)), cut: false }
}

function bomLength(bytes: Buffer, start: number): number {
  return start === 0 && bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0
}
