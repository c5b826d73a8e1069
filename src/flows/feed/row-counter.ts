import type { Manifest } from './manifest.js'

const LINE_END = 10
const QUOTE = 34

/** A format whose rows can be counted without its library. */
export type CountedFormat = Exclude<Manifest['format'], 'parquet'>

/** Line ends of a file that are no row's. */
const EXTRA_LINES = { json: 2, ndjson: 0, csv: 1 } as const

/** Counts the rows of a file by its lines, in flat memory. */
export class RowCounter {
  readonly #format: CountedFormat
  #lines = 0
  #quoted = false

  constructor(format: CountedFormat) {
    this.#format = format
  }

  get rows(): number {
    return this.#lines - EXTRA_LINES[this.#format]
  }

  async take(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      if (this.#format === 'csv') this.#takeQuoted(chunk)
      else for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, at + 1)) this.#lines += 1
    }
  }

  /** A doubled quote closes and opens again. */
  #takeQuoted(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === QUOTE) this.#quoted = !this.#quoted
      else if (byte === LINE_END && !this.#quoted) this.#lines += 1
    }
  }
}
