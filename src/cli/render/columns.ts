export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** A cell and how it is coloured; colours come last, so that they do not count as width. */
export interface Cell {
  readonly text: string
  readonly colour?: (text: string) => string
}

const GAP = '  '

/** Lines of a table: a heading, then one line per row, each column as wide as its widest cell. */
export function columns(
  heads: readonly Column[],
  rows: readonly (readonly Cell[])[],
  dim: (text: string) => string,
): readonly string[] {
  const widths = heads.map((head, index) =>
    Math.max(head.title.length, ...rows.map((row) => [...(row[index]?.text ?? '')].length)),
  )
  const line = (cells: readonly Cell[]): string =>
    heads
      .map((head, index) => {
        const cell = cells[index] ?? { text: '' }
        const padding = ' '.repeat((widths[index] ?? 0) - [...cell.text].length)
        const text = cell.colour?.(cell.text) ?? cell.text
        return head.align === 'right' ? padding + text : text + padding
      })
      .join(GAP)
      .trimEnd()
  return [line(heads.map((head) => ({ text: head.title, colour: dim }))), ...rows.map(line)]
}
