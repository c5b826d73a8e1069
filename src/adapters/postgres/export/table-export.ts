import { UnavailableError } from '../../../core/errors.js'
import type { ExportColumn, ExportOptions, JsonPage, TableExport } from '../../../core/export.js'
import type { Row } from '../../../core/table.js'
import type { Values } from '../../../core/upsert.js'
import type { DeclaredColumns } from '../../sql/drizzle-columns.js'
import { boundedPages } from '../../sql/export/bounded-pages.js'
import { fingerprintOf } from '../../sql/export/row-export.js'
import { SnapshotAge } from '../../sql/export/snapshot-age.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { checkKey } from '../digest/key-check.js'
import { readPass, SnapshotGone } from '../digest/read-pass.js'
import { streamed } from '../digest/streamed.js'
import type { PostgresHandle } from '../handle.js'
import { chunkedCopy } from './chunked-copy.js'
import { type CopiedRows, copyStatement } from './copied-rows.js'
import { CopyJson, PAGE_BYTES } from './copy-json.js'
import { copyLines, copyParts } from './copy-lines.js'
import { rowsOf } from './copy-text.js'
import { cutByKey } from './cut-by-key.js'
import { type ExportedColumn, exportedColumns, printedFor } from './export-column.js'
import { parallelCopy } from './parallel-copy.js'

interface Source {
  readonly database: PostgresHandle
  readonly info: PostgresTableInfo
  readonly declared: DeclaredColumns
}

/** One COPY in one snapshot, or one for each range of the key; the server waits while nobody takes rows. */
export class PostgresExport implements TableExport {
  readonly label: string
  readonly columns: readonly ExportColumn[]
  readonly key: readonly string[]
  readonly fingerprint: string
  readonly supports: TableExport['supports']
  readonly cut: TableExport['cut']
  readonly #source: Source
  readonly #columns: readonly ExportedColumn[]

  constructor(source: Source) {
    const { info, declared } = source
    this.#source = source
    this.#columns = exportedColumns(info, declared)
    this.label = `${source.database.label} ${info.schema.name}`
    this.columns = this.#columns.map(({ name, column }) => ({ name, type: column.type }))
    this.key = info.schema.key.flatMap((key) =>
      this.#columns.filter(({ column }) => column.name === key).map(({ name }) => name),
    )
    // A query has no index to find a range by, and would be run once for each.
    const indexed = info.identity === 'indexed'
    this.supports = new Set(indexed ? ['chunks', 'readers'] : [])
    this.cut = indexed ? (ranges, signal) => cutByKey(source.database.session, info, { ranges, signal }) : undefined
    this.fingerprint = info.fingerprint === '' ? fingerprintOf(this.columns) : info.fingerprint
  }

  json(separator: string, options: ExportOptions): AsyncIterable<JsonPage> {
    const fields = this.#columns.map(({ name, form }) => ({ name, form: form === 'made' ? 'json' : form }) as const)
    return streamed((emit) =>
      this.#copy('json', options, async (pieces) => {
        const json = new CopyJson(fields, separator)
        for await (const some of copyParts(pieces, PAGE_BYTES)) {
          for (const page of json.pages(some)) await emit(page, page.chunks.length > 1)
        }
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
      this.#copy(use, options, async (pieces) => {
        for await (const page of boundedPages(rowLists(copyLines(pieces)), sizeOf)) {
          await emit(page, page.length === 1)
        }
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

  async #copy(
    use: 'json' | 'values' | 'text',
    options: ExportOptions,
    work: (pieces: AsyncIterable<Buffer>) => Promise<void>,
  ): Promise<void> {
    const { database, info } = this.#source
    const { range: { after, upTo } = {} } = options
    const list = this.#columns.map((column) => printedFor(use, column)).join(', ')
    const rows = { info, list, range: { after, upTo }, label: this.label, what: `exporting ${info.schema.name}` }
    try {
      await copyRows({ database, rows }, options, work)
    } catch (error) {
      throw error instanceof SnapshotGone ? snapshotGone(this.label, error) : error
    }
  }
}

async function copyRows(
  { database, rows }: { readonly database: PostgresHandle; readonly rows: CopiedRows },
  options: ExportOptions,
  work: (pieces: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const { signal, maxSnapshotAgeMs, consistency, readers = 1, snapshot } = options
  if (consistency === 'chunks') return work(chunkedCopy(database.session, rows, options))
  const age = new SnapshotAge(rows.label, maxSnapshotAgeMs)
  if (readers > 1) return work(young(age, parallelCopy(database, rows, { readers, signal, snapshot })))
  const pass = { what: rows.what, signal, ...(snapshot === undefined ? {} : { snapshot }) }
  await readPass(database.session, pass, async (transaction) => {
    await checkKey(transaction, rows.info)
    await work(young(age, transaction.copy(copyStatement(rows, rows.range))))
  })
}

function snapshotGone(label: string, cause: unknown): UnavailableError {
  const message = `${label}: the moment that all workers read is no more to be had: its coordinator is gone or has lost its connection, or this is another server`
  return new UnavailableError('snapshot-gone', message, { cause })
}

async function* young(age: SnapshotAge, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    age.check()
    yield piece
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
