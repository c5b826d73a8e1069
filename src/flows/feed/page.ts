import type { Page } from './part-file.js'

/** Rows as the text of a file, each with the separator before it. */
export interface TextPage extends Page<TextPage> {
  /** In UTF-8. */
  readonly bytes: Uint8Array
}

/** Rows that have no line end within them. */
export function textPage(rows: number, bytes: Uint8Array, separator: string): TextPage {
  return {
    rows,
    bytes,
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
    const part = Buffer.from(this.#separator + lines.join(this.#separator))
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

/** @param starts where each row begins in what `bytes` is a part of, which begins at `origin` there. */
function placedPage(bytes: Uint8Array, starts: readonly number[], origin: number): TextPage {
  return {
    rows: starts.length,
    bytes,
    cut(first) {
      const border = (starts[first] ?? origin + bytes.length) - origin
      return [
        placedPage(bytes.subarray(0, border), starts.slice(0, first), origin),
        placedPage(bytes.subarray(border), starts.slice(first), origin + border),
      ]
    },
  }
}
