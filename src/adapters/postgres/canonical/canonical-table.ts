import { sql } from 'drizzle-orm'
import { type Form, type FormedColumn, wholeOf } from '../../../core/canonical.js'
import type { SharedSnapshot } from '../../../core/key-range.js'
import { notRepairable, type RepairableTable, type RepairColumn, type RepairTable } from '../../../core/repair.js'
import type { Bucket, BucketRows, Digest, DigestOptions, Row, Table, TableSchema } from '../../../core/table.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { PostgresDigests } from '../digest/digest.js'
import type { PostgresHandle } from '../handle.js'
import { PostgresRepairTable } from '../repair/repair-table.js'
import { canonicalForm, selectByKeys } from './canonical-form.js'
import { formsOf } from './forms.js'

/** A table of PostgreSQL as `check` reads it when the other one is of another engine. */
export class PostgresCanonicalTable implements RepairableTable {
  readonly schema: TableSchema
  readonly label: string
  readonly forms: readonly (readonly Form[])[]
  readonly #database: PostgresHandle
  readonly #info: PostgresTableInfo
  readonly #snapshot: SharedSnapshot | undefined

  constructor(database: PostgresHandle, info: PostgresTableInfo, snapshot?: SharedSnapshot) {
    this.#database = database
    this.#info = info
    this.#snapshot = snapshot
    this.schema = info.schema
    this.label = `${database.label} ${info.schema.name}`
    this.forms = info.columns.map(({ facts }) => formsOf(facts))
  }

  as(columns: readonly FormedColumn[], key: readonly string[]): Table {
    const info = this.#infoOf(columns, key)
    const schema = {
      name: this.schema.name,
      columns: info.columns.map(({ type, nullable, hasDefault }, at) => ({
        name: columns[at]?.as ?? '',
        type,
        nullable,
        hasDefault,
      })),
      key,
    }
    const digests = new PostgresDigests(this.#database, canonicalForm(info, columns, key), this.#snapshot)
    return new FormedTable({ schema, label: this.label }, digests)
  }

  whole(column: string, form: Form): Form {
    const at = this.#info.columns.findIndex(({ name }) => name === column)
    return wholeOf(this.forms[at] ?? [], form)
  }

  repair(columns: readonly RepairColumn[], key: readonly string[]): RepairTable {
    const info = this.#infoOf(columns, key)
    if (info.identity !== 'indexed') throw notRepairable(this.label)
    const forms = new Map(columns.map(({ name, form }) => [name, form]))
    const formOf = ({ name }: { readonly name: string }): Form => {
      const form = forms.get(name) ?? 'native'
      return form === 'native' ? { kind: 'text', padded: false } : form
    }
    const { session } = this.#database
    return new PostgresRepairTable(this.#database, { info, columns }, (list, keys, signal) =>
      selectByKeys(session, { info, formOf }, { list: sql.raw(list), keys, signal }),
    )
  }

  /** With its columns in this order. */
  #infoOf(columns: readonly Pick<FormedColumn, 'name' | 'as'>[], key: readonly string[]): PostgresTableInfo {
    const used = columns.flatMap(({ name }) => this.#info.columns.filter((column) => column.name === name))
    const keyNames = key.flatMap((name) => columns.filter(({ as }) => as === name)).map(({ name }) => name)
    return {
      ...this.#info,
      columns: used,
      keyColumns: keyNames.flatMap((name) => used.filter((column) => column.name === name)),
      schema: { ...this.schema, key: keyNames },
    }
  }
}

class FormedTable implements Table {
  readonly schema: TableSchema
  readonly label: string
  readonly hashing: string
  readonly #digests: PostgresDigests

  constructor({ schema, label }: Pick<Table, 'schema' | 'label'>, digests: PostgresDigests) {
    this.schema = schema
    this.label = label
    this.hashing = digests.hashing
    this.#digests = digests
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
}
