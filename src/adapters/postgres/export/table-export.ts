import type { PgTable } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { UnavailableError } from '../../../core/errors.js'
import type { ExportColumn, ExportOptions, JsonPage, TableExport } from '../../../core/export.js'
import type { Row } from '../../../core/table.js'
import type { Values } from '../../../core/upsert.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { readPass } from '../digest/read-pass.js'
import { streamed } from '../digest/streamed.js'
import type { ResultRow, Session } from '../session/session.js'
import { type ExportedColumn, exportedColumns } from './export-column.js'
import { PAGE_ROWS, type PageQuery, type Place, pageSql, publishedRow, textRow, typedRow } from './page-sql.js'

const PAGE_MS = 300_000
const COMMA = ',\n'

const PageRow = z.looseObject({ rows: z.number(), text: z.string() })
const Key = z.string()
const Rows = z.array(z.array(z.string().nullable()))
const Objects = z.array(z.record(z.string(), z.unknown()))

interface Source {
  readonly session: Session
  readonly label: string
  readonly info: PostgresTableInfo
  readonly table: PgTable | undefined
}

/** Keyset pages in one snapshot; while a page is worked on the next one is read. */
export class PostgresExport implements TableExport {
  readonly label: string
  readonly columns: readonly ExportColumn[]
  readonly key: readonly string[]
  readonly fingerprint: string
  readonly #source: Source
  readonly #columns: readonly ExportedColumn[]

  constructor(source: Source) {
    const { info, table } = source
    this.#source = source
    this.#columns = exportedColumns(info, table)
    this.label = `${source.label} ${info.schema.name}`
    this.columns = this.#columns.map(({ name, column }) => ({ name, type: column.type }))
    this.key = info.schema.key.flatMap((key) =>
      this.#columns.filter(({ column }) => column.name === key).map(({ name }) => name),
    )
    this.fingerprint = info.fingerprint
  }

  json(separator: string, options: ExportOptions): AsyncIterable<JsonPage> {
    return this.#pages({ row: publishedRow(this.#columns), separator }, options)
  }

  async *values(options: ExportOptions): AsyncGenerator<readonly Values[]> {
    for await (const { text } of this.#pages({ row: typedRow(this.#columns), separator: COMMA }, options)) {
      yield objectsIn(text).map((row) => this.#typed(row))
    }
  }

  async *text(options: ExportOptions): AsyncGenerator<readonly Row[]> {
    for await (const { text } of this.#pages({ row: textRow(this.#columns), separator: COMMA }, options)) {
      yield rowsIn(text)
    }
  }

  // Not by assignment, as a column may be called `__proto__`.
  #typed(row: Readonly<Record<string, unknown>>): Values {
    return Object.fromEntries(
      this.#columns.map(({ name, decode }, index) => {
        const value = row[`c${index}`]
        return [name, decode === undefined || value === null ? value : decode(value)]
      }),
    )
  }

  #pages(query: Omit<PageQuery, 'info'>, { signal, maxSnapshotAgeMs }: ExportOptions): AsyncIterable<JsonPage> {
    const { session, info } = this.#source
    return streamed((emit) =>
      readPass(session, { what: `exporting ${info.schema.name}`, signal }, async (transaction) => {
        const startedMs = performance.now()
        let place: Place
        let measured = false
        for (;;) {
          if (performance.now() - startedMs > maxSnapshotAgeMs) throw this.#tooOld(maxSnapshotAgeMs)
          const [result]: readonly ResultRow[] = await transaction.execute(
            pageSql({ ...query, info }, place, measured),
            {
              deadlineMs: PAGE_MS,
            },
          )
          // The same page once more, and those after it, until the rows are small again.
          const again: boolean = !measured && result?.['large'] !== 0
          measured = again || (measured && result?.['rows'] !== PAGE_ROWS)
          if (again) continue
          place = this.#placeAfter(result)
          if (place === undefined) return
          const { rows, text } = PageRow.parse(result)
          await emit({ rows, text })
        }
      }),
    )
  }

  /** `undefined` when the page is empty. */
  #placeAfter(result: ResultRow | undefined): Place {
    if (result === undefined || result['rows'] === 0) return undefined
    return this.#source.info.keyColumns.map((_, index) => Key.parse(result[`k${index}`]))
  }

  #tooOld(maxSnapshotAgeMs: number): UnavailableError {
    const message = `${this.label}: the export took longer than ${maxSnapshotAgeMs} ms, the age that its snapshot may reach, as it keeps the database from cleaning up; raise snapshotMs, or read from a replica`
    return new UnavailableError('snapshot-too-old', message)
  }
}

/** What the database made itself is not checked value by value. */
function objectsIn(text: string): readonly Readonly<Record<string, unknown>>[] {
  const parsed: unknown = JSON.parse(`[${text}]`)
  return isObjects(parsed) ? parsed : Objects.parse(parsed)
}

function isObjects(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && (value.length === 0 || (typeof value[0] === 'object' && value[0] !== null))
}

function rowsIn(text: string): readonly Row[] {
  const parsed: unknown = JSON.parse(`[${text}]`)
  return isRows(parsed) ? parsed : Rows.parse(parsed)
}

function isRows(value: unknown): value is readonly Row[] {
  return Array.isArray(value) && (value.length === 0 || Array.isArray(value[0]))
}
