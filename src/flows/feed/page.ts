import type { Page } from './part-file.js'

/** Rows as the text of a file, with the separator between them. */
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
      let end = -1
      for (let row = 0; row < first; row++) end = bytes.indexOf(LINE_END, end + 1)
      const head = bytes.subarray(0, end + 1 - separator.length)
      return [textPage(first, head, separator), textPage(rows - first, bytes.subarray(end + 1), separator)]
    },
  }
}

const LINE_END = 10

export function linesPage(lines: readonly string[], separator: string): TextPage {
  return {
    rows: lines.length,
    get bytes() {
      return Buffer.from(lines.join(separator))
    },
    cut: (first) => [linesPage(lines.slice(0, first), separator), linesPage(lines.slice(first), separator)],
  }
}
