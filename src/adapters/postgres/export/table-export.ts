import type { PgTable } from 'drizzle-orm/pg-core'
import type { ExportColumn, ExportOptions, JsonPage, TableExport } from '../../../core/export.js'
import type { Row } from '../../../core/table.js'
import type { Values } from '../../../core/upsert.js'
import { boundedPages } from '../../sql/export/bounded-pages.js'
import { fingerprintOf, snapshotTooOld } from '../../sql/export/row-export.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { checkKey } from '../digest/key-check.js'
import { readPass } from '../digest/read-pass.js'
import { streamed } from '../digest/streamed.js'
import type { Session } from '../session/session.js'
import { CopyJson } from './copy-json.js'
import { copyLines } from './copy-lines.js'
import { rowsOf } from './copy-text.js'
import { type ExportedColumn, exportedColumns, printedFor } from './export-column.js'

interface Source {
  readonly session: Session
  readonly label: string
  readonly info: PostgresTableInfo
  readonly table: PgTable | undefined
}

/** One COPY in one snapshot; the server waits while nobody takes rows. */
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
    this.fingerprint = info.fingerprint === '' ? fingerprintOf(this.columns) : info.fingerprint
  }

  json(separator: string, options: ExportOptions): AsyncIterable<JsonPage> {
    const fields = this.#columns.map(({ name, form }) => ({ name, form: form === 'made' ? 'json' : form }) as const)
    return streamed((emit) =>
      this.#copy('json', options, async (lines) => {
        const json = new CopyJson(fields, separator)
        for await (const some of lines) for (const page of json.pages(some)) await emit(page)
        for (const page of json.rest()) await emit(page)
      }),
    )
  }

  async *values(options: ExportOptions): AsyncGenerator<readonly Values[]> {
    for await (const rows of this.#rows('values', options)) yield rows.map((row) => this.#typed(row))
  }

  text(options: ExportOptions): AsyncIterable<readonly Row[]> {
    return this.#rows('text', options)
  }

  #rows(use: 'values' | 'text', options: ExportOptions): AsyncIterable<readonly Row[]> {
    return streamed((emit) =>
      this.#copy(use, options, async (lines) => {
        for await (const page of boundedPages(rowLists(lines), sizeOf)) await emit(page)
      }),
    )
  }

  #typed(row: Row): Values {
    const values: Record<string, unknown> = {}
    const columns = this.#columns
    for (let at = 0; at < columns.length; at++) {
      const column = columns[at]
      if (column === undefined) continue
      const text = row[at] ?? null
      const value = text === null ? null : column.value(text)
      // Assigning to this name would set the prototype.
      if (column.name === '__proto__') Object.defineProperty(values, column.name, { ...OWN, value })
      else values[column.name] = value
    }
    return values
  }

  #copy(
    use: 'json' | 'values' | 'text',
    { signal, maxSnapshotAgeMs }: ExportOptions,
    work: (lines: AsyncIterable<Buffer>) => Promise<void>,
  ): Promise<void> {
    const { session, info } = this.#source
    return readPass(session, { what: `exporting ${info.schema.name}`, signal }, async (transaction) => {
      const startedMs = performance.now()
      await checkKey(transaction, info)
      const list = this.#columns.map((column) => printedFor(use, column)).join(', ')
      const order = info.keyColumns.map(({ name }) => `t.${quoteIdentifier(name)}`).join(', ')
      const pieces = transaction.copy(`select ${list} from ${info.source} t order by ${order}`)
      await work(this.#young(copyLines(pieces), { startedMs, maxSnapshotAgeMs }))
    })
  }

  async *#young(
    lines: AsyncIterable<Buffer>,
    { startedMs, maxSnapshotAgeMs }: { readonly startedMs: number; readonly maxSnapshotAgeMs: number },
  ): AsyncGenerator<Buffer> {
    for await (const some of lines) {
      if (performance.now() - startedMs > maxSnapshotAgeMs) throw snapshotTooOld(this.label, maxSnapshotAgeMs)
      yield some
    }
  }
}

const OWN = { enumerable: true, configurable: true, writable: true }

async function* rowLists(lines: AsyncIterable<Buffer>): AsyncGenerator<Row[]> {
  for await (const some of lines) yield rowsOf(some)
}

function sizeOf(row: Row): number {
  let size = 0
  for (const value of row) size += value?.length ?? 0
  return size
}
