import type { Row } from './table.js'
import type { Values } from './upsert.js'

export interface ExportColumn {
  /** The property of a Drizzle table, or the column's name in the database. */
  readonly name: string
  /** The database's own full type name. */
  readonly type: string
}

/** Rows as JSON, one object per row, made of what the database prints, so that no digit is lost. */
export interface JsonPage {
  readonly rows: number
  /** Each object with the separator before it, in UTF-8. A line end occurs in it only as part of the separator. */
  readonly bytes: Uint8Array
}

/**
 * A table that can be read whole: every row exactly once, in the order of its key, all as they were at one moment (one
 * snapshot per iteration). Pages are of bounded size: a page of more than a megabyte is a single row. A connection that
 * is lost ends the iteration with an `UnavailableError`: the snapshot is gone, and another iteration has another one.
 */
export interface TableExport {
  /** For messages: `postgres://host:5432/app public.facility`. */
  readonly label: string
  readonly columns: readonly ExportColumn[]
  /** Names, as in `columns`, of those that identify a row. */
  readonly key: readonly string[]
  /** Changes when a column comes, goes, or gets another name or type. */
  readonly fingerprint: string
  /** @param separator ends in a line end and has no other: `,\n`. */
  json(separator: string, options: ExportOptions): AsyncIterable<JsonPage>
  /** Each value in the TypeScript type that the Drizzle table declares. */
  values(options: ExportOptions): AsyncIterable<readonly Values[]>
  /** Each value as the text that the database prints. */
  text(options: ExportOptions): AsyncIterable<readonly Row[]>
}

export interface ExportOptions {
  readonly signal: AbortSignal
  /** A snapshot older than this ends with an `UnavailableError` `snapshot-too-old`, as it keeps the database from cleaning up. */
  readonly maxSnapshotAgeMs: number
}
