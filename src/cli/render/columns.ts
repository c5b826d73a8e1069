import { cut } from './format.js'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Its cells are cut when the table would be too wide. */
  readonly cuttable?: boolean
}

/** A cell and how it is coloured; colours come last, so that they do not count as width. */
export interface Cell {
  readonly text: string
  readonly colour?: (text: string) => string
}

export interface TableOptions {
  readonly dim: (text: string) => string
  readonly width: number
}

const GAP = '  '
const LEAST = 8

/** Lines of a table: a heading, then one line per row, each column as wide as its widest cell. */
export function columns(
  heads: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): readonly string[] {
  const widths = widthsOf(heads, rows, options.width)
  const line = (cells: readonly Cell[]): string =>
    heads
      .map(({ align }, index) => {
        const width = widths[index] ?? 0
        const { text: whole = '', colour } = cells[index] ?? {}
        const text = cut(whole, width)
        const padding = ' '.repeat(Math.max(0, width - [...text].length))
        const shown = colour?.(text) ?? text
        return align === 'right' ? padding + shown : shown + padding
      })
      .join(GAP)
      .trimEnd()
  return [line(heads.map((head) => ({ text: head.title, colour: options.dim }))), ...rows.map(line)]
}

function widthsOf(heads: readonly Column[], rows: readonly (readonly Cell[])[], width: number): readonly number[] {
  const widths = heads.map((head, index) =>
    Math.max(head.title.length, ...rows.map((row) => [...(row[index]?.text ?? '')].length)),
  )
  const excess = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (heads.length - 1) - width
  if (excess <= 0) return widths
  return widths.map((one, index) => (heads[index]?.cuttable ? Math.max(LEAST, one - excess) : one))
}
