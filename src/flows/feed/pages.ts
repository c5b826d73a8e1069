import type { ExportOptions, TableExport } from '../../core/export.js'
import { csvLine } from './csv-text.js'
import type { Format } from './format.js'
import { mappedPage, type RowMap } from './mapped-pages.js'
import { linesPage, type TextPage, textPage } from './page.js'
import type { RowValidator } from './preset.js'
import type { Rejections } from './rejections.js'

export interface ReadPage {
  /** Rows that were read for it; the page has fewer when some were left out. */
  readonly read: number
  readonly page: TextPage
}

export interface PagesOptions extends ExportOptions {
  readonly format: Format
  readonly map: RowMap | undefined
  readonly validate: RowValidator | undefined
  readonly rejections: Rejections
}

/** The table as text, in the shortest way that the format and `map` allow. */
export async function* pagesOf(table: TableExport, options: PagesOptions): AsyncGenerator<ReadPage> {
  const { format, map, validate, rejections } = options
  const { separator } = format.encoding
  if (map !== undefined) {
    for await (const rows of table.values(options)) {
      yield { read: rows.length, page: await mappedPage(rows, { map, format, validate, key: table.key, rejections }) }
    }
  } else if (format.name === 'csv') {
    const pick = picker(table, format)
    for await (const rows of table.text(options)) {
      yield {
        read: rows.length,
        page: linesPage(
          rows.map((row) => csvLine(pick(row))),
          separator,
        ),
      }
    }
  } else {
    for await (const { rows, text } of table.json(separator, options)) {
      yield { read: rows, page: textPage(rows, text, separator) }
    }
  }
}

/** Which of the table's columns a CSV has, in its order. */
function picker(table: TableExport, { columns }: Format): (row: readonly (string | null)[]) => (string | null)[] {
  const places = (columns ?? table.columns.map(({ name }) => name)).map((name) =>
    table.columns.findIndex((column) => column.name === name),
  )
  return (row) => places.map((place) => row[place] ?? null)
}
