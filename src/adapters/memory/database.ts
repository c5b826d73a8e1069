import { randomUUID } from 'node:crypto'
import type { Database, DatabaseIdentity, TableOptions, TableRef, Upserts } from '../../core/database.js'
import type { GrantList } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { WriteContext } from '../../core/sink.js'
import type { UpsertOptions, UpsertSink, Values } from '../../core/upsert.js'
import { MemoryStateStore } from './state.js'
import type { MemoryUpsertTable, StoredRows, UpsertRule } from './upsert-table.js'
import { memoryUpserts } from './upserts.js'

export interface MemoryDatabaseOptions {
  /** What is known of tables; those that are not named here take any column. */
  readonly tables?: readonly MemoryUpsertTable[]
  /**
   * Called on each write before anything is stored and after everything is; what it returns is thrown. `stored` stands
   * for a COMMIT whose answer is lost.
   */
  readonly fault?: (moment: 'begin' | 'stored', context: WriteContext) => Error | undefined
}

/** Tables that live as long as the object: what `ingest` can be tested with, and the reference for every database. */
export class MemoryDatabase implements Database, Upserts {
  readonly engine = 'memory'
  readonly label = 'memory://database'
  readonly state = new MemoryStateStore()
  readonly #id = randomUUID()
  readonly #options: MemoryDatabaseOptions
  readonly #stored = new Map<string, StoredRows>()

  constructor(options: MemoryDatabaseOptions = {}) {
    this.#options = options
  }

  /** `Insert` is the type of a row to insert. A key is needed, here or in the options of the database. */
  table<Insert = Values>(name: unknown, options: TableOptions = {}): TableRef<Insert> {
    if (typeof name !== 'string') throw problem('table', 'is not the name of a table', 'name it by text')
    const grants = async (): Promise<GrantList> => ({ database: this.label, statements: [] })
    return { database: this, name, options, grants, diagnose: async () => [] }
  }

  /** The rows of a table, in the order in which their keys first came. */
  rows(table: string): readonly Values[] {
    return [...(this.#stored.get(table)?.values() ?? [])]
  }

  async identify(): Promise<DatabaseIdentity> {
    return { id: this.#id, version: 'memory', readOnly: false }
  }

  async upserts(tables: readonly TableRef[], options: UpsertOptions): Promise<UpsertSink> {
    return memoryUpserts({
      checkpoints: this.state.checkpoints,
      leases: this.state.leases,
      rules: tables.map((table) => this.#rule(table)),
      stored: this.#stored,
      invalidText: options.invalidText ?? 'reject',
      fault: this.#options.fault ?? (() => undefined),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #rule({ name, options }: TableRef): UpsertRule {
    const table = this.#options.tables?.find((known) => known.name === name) ?? { name }
    const key = options.key ?? table.key
    if (key === undefined) throw problem(name, 'has no key', `name it: database.table('${name}', { key: [...] })`)
    return { table, key, version: options.version }
  }
}

export function memoryDatabase(options: MemoryDatabaseOptions = {}): MemoryDatabase {
  return new MemoryDatabase(options)
}

function problem(key: string, message: string, fix: string): ConfigError {
  return new ConfigError({ code: 'memory-table', key, message, fix })
}
