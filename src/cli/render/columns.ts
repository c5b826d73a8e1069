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
  let excess = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (heads.length - 1) - width
  // The widest gives first, down to the next.
  const giving = (): number[] =>
    widths.map((one, index) => (heads[index]?.cuttable && one > LEAST ? one : 0)).sort((a, b) => b - a)
  for (let [widest = 0, next = 0] = giving(); excess > 0 && widest > 0; [widest = 0, next = 0] = giving()) {
    const given = Math.min(excess, Math.max(1, widest - Math.max(next, LEAST)))
    widths[widths.findIndex((one, index) => one === widest && heads[index]?.cuttable)] = widest - given
    excess -= given
  }
  return widths
}
