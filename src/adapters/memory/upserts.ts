import type { Batch, Items } from '../../core/batch.js'
import { DataError } from '../../core/errors.js'
import type { WriteContext } from '../../core/sink.js'
import type { Rowset, UpsertOptions, UpsertSink, Values } from '../../core/upsert.js'
import { cleanText } from '../sql/clean-text.js'
import type { MemoryCheckpointStore } from './checkpoint-store.js'
import type { MemoryLeases } from './leases.js'
import { missingParent, referred, refusal, type StoredRows, type UpsertRule, upsertRow } from './upsert-table.js'

export interface MemoryUpsertsOptions {
  readonly checkpoints: MemoryCheckpointStore
  readonly leases: MemoryLeases
  /** In the order of `Rowset.rows`. */
  readonly rules: readonly UpsertRule[]
  /** The rows of all tables of the database, by the name of the table. */
  readonly stored: Map<string, StoredRows>
  readonly invalidText: NonNullable<UpsertOptions['invalidText']>
  /** See `MemoryDatabaseOptions`. */
  readonly fault: (moment: 'begin' | 'stored', context: WriteContext) => Error | undefined
}

/** The promise of `UpsertSink` in a few lines: rows are written one by one, in the order in which they came. */
export function memoryUpserts(options: MemoryUpsertsOptions): UpsertSink {
  return new MemoryUpserts(options)
}

class MemoryUpserts implements UpsertSink {
  readonly checkpoints: MemoryCheckpointStore
  readonly #options: MemoryUpsertsOptions

  constructor(options: MemoryUpsertsOptions) {
    this.checkpoints = options.checkpoints
    this.#options = options
  }

  async write(batch: Batch<Rowset>, context: WriteContext): Promise<void> {
    context.signal.throwIfAborted()
    this.#throwFault('begin', context)
    const after = this.#apply(batch.items)
    if (context.epoch !== undefined) this.#options.leases.check(context.flow, context.epoch)
    if (batch.position !== undefined) {
      const { lane, position } = batch
      this.checkpoints.move({ flow: context.flow, lane, position, expected: context.expected })
    }
    for (const [name, rows] of after) this.#options.stored.set(name, rows)
    this.#throwFault('stored', context)
  }

  async probe(items: Items<Rowset>, context: WriteContext): Promise<void> {
    context.signal.throwIfAborted()
    this.#throwFault('begin', context)
    this.#apply(items)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The tables as they would be, or a `DataError` that names all items with its code. */
  #apply(items: Items<Rowset>): ReadonlyMap<string, StoredRows> {
    const { rules, stored } = this.#options
    const after = new Map(rules.map(({ table }) => [table.name, new Map(stored.get(table.name))]))
    const clean = [...items].map(({ rows }) => rows.map((ofTable) => ofTable.map((row) => this.#clean(row))))
    this.#refuse(clean, (row, rule) => (row === undefined ? 'invalid-text' : refusal(row, rule)))
    for (const rows of clean) {
      for (const [at, rule] of rules.entries()) {
        const table = after.get(rule.table.name)
        for (const row of rows[at] ?? []) if (row !== undefined && table !== undefined) upsertRow(table, row, rule)
      }
    }
    const parents = (name: string) => referred(after.get(name) ?? stored.get(name) ?? new Map())
    const known = new Map<string, ReadonlySet<string>>()
    const remembered = (name: string): ReadonlySet<string> => {
      const keys = known.get(name) ?? parents(name)
      known.set(name, keys)
      return keys
    }
    this.#refuse(clean, (row, { table }) =>
      row !== undefined && missingParent(row, table, remembered) ? 'foreign-key-violation' : undefined,
    )
    return after
  }

  #refuse(
    items: readonly (readonly (readonly (Values | undefined)[])[])[],
    codeOf: (row: Values | undefined, rule: UpsertRule) => string | undefined,
  ): void {
    const { rules } = this.#options
    const codes = items.map((rows) =>
      rules.flatMap((rule, at) => (rows[at] ?? []).map((row) => codeOf(row, rule))).find((code) => code !== undefined),
    )
    const first = codes.find((code) => code !== undefined)
    if (first === undefined) return
    const bad = [...codes.keys()].filter((at) => codes[at] === first)
    throw new DataError(first, `the memory tables refuse ${bad.length} of ${items.length} items`, { bad })
  }

  /** `undefined` when it holds text that is to be refused. */
  #clean(row: Values): Values | undefined {
    const { invalidText } = this.#options
    const entries: [string, unknown][] = []
    for (const [name, value] of Object.entries(row)) {
      const clean = typeof value === 'string' ? cleanText(value, invalidText) : value
      if (typeof value === 'string' && clean === undefined) return undefined
      entries.push([name, clean])
    }
    return Object.fromEntries(entries)
  }

  #throwFault(moment: 'begin' | 'stored', context: WriteContext): void {
    const fault = this.#options.fault(moment, context)
    if (fault !== undefined) throw fault
  }
}
