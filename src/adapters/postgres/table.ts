import { sql } from 'drizzle-orm'
import type { SharedSnapshot } from '../../core/key-range.js'
import type { ChangeOptions, ChangeSource, MirrorTable, WriterOptions } from '../../core/mirror.js'
import type { Repairable, RepairTable } from '../../core/repair.js'
import type { Sink } from '../../core/sink.js'
import type { Bucket, BucketRows, Digest, DigestOptions, Row, TableSchema } from '../../core/table.js'
import type { PostgresTableInfo } from './catalog/catalog.js'
import { PostgresDigests } from './digest/digest.js'
import { selectRows } from './digest/lookup.js'
import { nativeForm } from './digest/native-form.js'
import type { PostgresHandle } from './handle.js'
import { changeSource } from './ledger/change-source.js'
import { PostgresRepairTable } from './repair/repair-table.js'
import { OwnWrites } from './rows/conflicts.js'
import { rowWriter } from './rows/writer.js'

/** A table of a PostgreSQL database: digests, reads, follows and writes it, each by a part of its own. */
export class PostgresTable implements MirrorTable, Repairable {
  readonly schema: TableSchema
  readonly label: string
  readonly hashing: string
  readonly info: PostgresTableInfo
  readonly #database: PostgresHandle
  readonly #digests: PostgresDigests
  readonly #writes = new OwnWrites()

  constructor(database: PostgresHandle, info: PostgresTableInfo, snapshot?: SharedSnapshot) {
    this.#database = database
    this.info = info
    this.schema = info.schema
    this.label = `${database.label} ${info.schema.name}`
    this.#digests = new PostgresDigests(database, nativeForm(info), snapshot)
    this.hashing = this.#digests.hashing
  }

  digests(within: readonly Bucket[], depth: number, options: DigestOptions): Promise<ReadonlyMap<number, Digest>> {
    return this.#digests.digests(within, depth, options)
  }

  scan(within: readonly Bucket[], signal: AbortSignal): AsyncIterable<readonly Row[]> {
    return this.#digests.scan(within, signal)
  }

  scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncIterable<BucketRows> {
    return this.#digests.scanInOrder(within, signal)
  }

  lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    return this.#digests.lookup(keys, signal)
  }

  ordered(columns: readonly string[]): PostgresTable {
    const place = (column: { readonly name: string }): number => columns.indexOf(column.name)
    const { schema } = this
    return new PostgresTable(this.#database, {
      ...this.info,
      columns: this.info.columns.toSorted((left, right) => place(left) - place(right)),
      schema: { ...schema, columns: schema.columns.toSorted((left, right) => place(left) - place(right)) },
    })
  }

  repair(names: readonly string[], key: readonly string[]): RepairTable {
    const named = (of: readonly string[]) =>
      of.flatMap((name) => this.info.columns.filter((column) => column.name === name))
    const schema = { ...this.schema, key }
    const info = { ...this.info, columns: named(names), keyColumns: named(key), schema }
    const columns = info.columns.map(({ name }) => ({ name, as: name, form: 'native', given: 'native' }) as const)
    return new PostgresRepairTable(this.#database, { info, columns }, (list, keys, signal) =>
      selectRows(this.#database.session, { info, list: sql.raw(list) }, { keys, signal }),
    )
  }

  changes(options: ChangeOptions): ChangeSource {
    return changeSource(this.#database, this.info, options)
  }

  writer(options: WriterOptions): Sink<Row> {
    return rowWriter(this.#database, this.info, {
      ...options,
      wrote: (transaction) => this.#database.own.announce(transaction, options.flow),
      own: this.#writes,
    })
  }
}
