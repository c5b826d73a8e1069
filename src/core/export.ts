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
  /**
   * Each object with the separator before it, in UTF-8. A line end occurs in it only as part of the separator. Several chunks are a
   * single row; equal rows have equal ones.
   */
  readonly chunks: readonly Uint8Array[]
}

/**
 * `snapshot`: all rows are as they were at one moment. `chunks`: so are those of each chunk, some thousand that follow each other,
 * and each chunk has a later moment than the one before, so that no transaction is open for long. Then a row whose key is
 * changed meanwhile may come twice or not at all; every other one comes exactly once, if it was there all along.
 */
export type Consistency = 'snapshot' | 'chunks'

/** Rows by their whole key, in its order: behind `after`, up to and with `upTo`. A key is what the database prints of its columns, in whatever form. */
export interface ExportRange {
  /** Left out: from the first row. */
  readonly after?: readonly string[] | undefined
  /** Left out: to the last row. */
  readonly upTo?: readonly string[] | undefined
}

/**
 * A table that can be read whole: every row exactly once, in the order of its key, all as they were at one moment (one
 * snapshot per iteration), unless chunks are asked for. Pages are of bounded size: a page of more than a megabyte is a single row. A connection that
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
  /** What of `ExportOptions` it knows besides one reader of one snapshot. */
  readonly supports: ReadonlySet<'chunks' | 'readers'>
  /**
   * Cuts the table into so many ranges at most, of about as many rows, in the order of the key. Each key is in one of them, those
   * of rows that come later too. A table that has not changed is cut as before. Left out by what has no index to find a range by.
   * The keys mean something to an export of the same table only.
   */
  readonly cut?: ((ranges: number, signal: AbortSignal) => Promise<readonly ExportRange[]>) | undefined
  /** @param separator ends in a line end and has no other: `,\n`. */
  json(separator: string, options: ExportOptions): AsyncIterable<JsonPage>
  /** Each value in the TypeScript type that the Drizzle table declares. */
  values(options: ExportOptions): AsyncIterable<readonly Values[]>
  /** Each value as the text that the database prints. */
  text(options: ExportOptions): AsyncIterable<readonly Row[]>
}

export interface ExportOptions {
  readonly signal: AbortSignal
  /** A snapshot, that of a chunk too, older than this ends with an `UnavailableError` `snapshot-too-old`, as it keeps the database from cleaning up. */
  readonly maxSnapshotAgeMs: number
  /** Default `snapshot`. */
  readonly consistency?: Consistency
  /** Connections that read at the same time in one snapshot; the pages are the same whatever their number. Default 1. */
  readonly readers?: number
  /** Only these rows; of tables that have `cut`. Default all. */
  readonly range?: ExportRange
  /**
   * Name of the moment to read, which somebody holds (`Database.holdSnapshot`); of databases that have that. When it is gone the iteration
   * ends with an `UnavailableError` `snapshot-gone`. Default: a moment of its own.
   */
  readonly snapshot?: string | undefined
}
