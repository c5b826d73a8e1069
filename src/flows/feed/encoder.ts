import type { ExportOptions, TableExport } from '../../core/export.js'
import type { ObjectWriter, PutOptions } from '../../core/object-store.js'
import type { RowMap } from './mapped-rows.js'
import type { Page, PartFile } from './part-file.js'
import type { RowValidator } from './preset.js'
import type { Rejections } from './rejections.js'

export interface ReadPage<P> {
  /** Rows that were read for it; the page has fewer when some were left out. */
  readonly read: number
  readonly page: P
}

export interface PagesOptions extends ExportOptions {
  readonly map: RowMap | undefined
  readonly validate: RowValidator | undefined
  readonly rejections: Rejections
}

/** A format at work: reads rows in the shape that it writes, and writes them. */
export interface Encoder<P extends Page<P>> {
  /** Of the names of its files, without the dot. */
  readonly extension: string
  readonly content: Pick<PutOptions, 'contentType' | 'contentEncoding'>
  /** Files are ended together, as each names their number. */
  readonly together: boolean
  pages(table: TableExport, options: PagesOptions): AsyncIterable<ReadPage<P>>
  part(writer: ObjectWriter): PartFile<P>
}
