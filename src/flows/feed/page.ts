import type { Page } from './part-file.js'

/** Rows as the text of a file, with the separator between them. */
export interface TextPage extends Page<TextPage> {
  readonly text: string
}

/** Rows that have no line end within them. */
export function textPage(rows: number, text: string, separator: string): TextPage {
  return {
    rows,
    text,
    cut(first) {
      let end = -1
      for (let row = 0; row < first; row++) end = text.indexOf('\n', end + 1)
      const head = text.slice(0, end + 1 - separator.length)
      return [textPage(first, head, separator), textPage(rows - first, text.slice(end + 1), separator)]
    },
  }
}

export function linesPage(lines: readonly string[], separator: string): TextPage {
  return {
    rows: lines.length,
    text: lines.join(separator),
    cut: (first) => [linesPage(lines.slice(0, first), separator), linesPage(lines.slice(first), separator)],
  }
}
