import { canonicalUnion } from '../../compare/canonical-union.js'
import { union, unionLabel } from '../../compare/union.js'
import type { CanonicalTable } from '../../core/canonical.js'
import type { Database, ReadOptions, TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { SharedSnapshot } from '../../core/key-range.js'
import type { CanonicalRepair, Repairable, Side } from '../../core/repair.js'
import type { Table } from '../../core/table.js'
import { canonical, hasOpen } from '../open-table.js'

/** How the tables of a side are read. */
export interface SideReading extends Omit<ReadOptions, 'snapshot'> {
  /** Table by table. */
  readonly snapshots?: readonly (SharedSnapshot | undefined)[]
}

/** A table as it was found: `place` is equal for two that are one and the same. */
interface Found<Opened> {
  readonly table: Opened
  readonly places: readonly string[]
}

/** One side of a comparison: a table, or one whose rows are spread over several, its shards. */
export class TableSide {
  readonly side: Side
  readonly tables: readonly [TableRef, ...TableRef[]]

  /** Throws `ConfigError` when there is none. */
  constructor(side: Side, given: TableRef | readonly TableRef[]) {
    const [first, ...others] = isList(given) ? given : [given]
    if (first === undefined) throw noTables(side)
    this.side = side
    this.tables = [first, ...others]
  }

  get databases(): readonly Database[] {
    return [...new Set(this.tables.map(({ database }) => database))]
  }

  /** For people: `orders`, or `orders in 3 databases`. */
  get name(): string {
    const [{ name }, ...others] = this.tables
    return others.length === 0 ? name : `${name} in ${this.tables.length} places`
  }

  /** Where it is: `postgres://host:5432/app orders`. */
  get label(): string {
    return unionLabel(this.tables.map(({ database, name }) => ({ label: `${database.label} ${name}` })))
  }

  /** The SELECT, where it is one and the same for all. */
  get query(): string | undefined {
    const [{ query }, ...others] = this.tables
    return others.every((other) => other.query === query) ? query : undefined
  }

  /** The engine of all of them, when their tables can be compared in its own form. */
  get engine(): string | undefined {
    const [{ database }] = this.tables
    return this.tables.every((table) => table.database.engine === database.engine && hasOpen(table))
      ? database.engine
      : undefined
  }

  async open(signal: AbortSignal, reading: SideReading): Promise<Found<Table & Partial<Repairable>>> {
    const opened = await this.#each(signal, async (table, at) => {
      if (!hasOpen(table)) throw new RangeError(`${table.name} has no form of its own engine`)
      return table.open(signal, readingOf(reading, at))
    })
    return { ...opened, table: opened.tables.length === 1 ? opened.tables[0] : union(opened.tables, this.side) }
  }

  /** `key`: the flow's place in the config. */
  async openCanonical(
    signal: AbortSignal,
    reading: SideReading,
    key: string,
  ): Promise<Found<CanonicalTable & Partial<CanonicalRepair>>> {
    const opened = await this.#each(signal, (table, at) =>
      canonical(table, key).openCanonical(signal, readingOf(reading, at)),
    )
    return { ...opened, table: canonicalUnion(opened.tables, `${key}.${this.side}`) }
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return (await Promise.all(this.tables.map((table) => table.diagnose('read', signal)))).flat()
  }

  /** What reading them costs, and which index would make it cheaper. */
  async diagnoseReads(signal: AbortSignal, reading: ReadOptions): Promise<readonly Diagnosis[]> {
    const found = await Promise.all(this.tables.map((table) => table.diagnoseReads?.(reading, signal)))
    return found.flatMap((some) => some ?? [])
  }

  async grants(role: string, signal: AbortSignal): Promise<readonly GrantList[]> {
    return Promise.all(this.tables.map((table) => table.grants('read', role, signal)))
  }

  async #each<Opened extends { readonly schema: Table['schema'] }>(
    signal: AbortSignal,
    open: (table: TableRef, at: number) => Promise<Opened>,
  ): Promise<{ readonly tables: readonly [Opened, ...Opened[]]; readonly places: readonly string[] }> {
    const one = async (ref: TableRef, at: number) => {
      const [table, { id }] = await Promise.all([open(ref, at), ref.database.identify(signal)])
      return { table, place: `${id} ${table.schema.name}` }
    }
    const [first, ...others] = this.tables
    const [found, ...rest] = await Promise.all([one(first, 0), ...others.map((other, at) => one(other, at + 1))])
    return {
      tables: [found.table, ...rest.map(({ table }) => table)],
      places: [found.place, ...rest.map(({ place }) => place)],
    }
  }
}

function readingOf({ snapshots, ...reading }: SideReading, at: number): ReadOptions {
  const snapshot = snapshots?.[at]
  return snapshot === undefined ? reading : { ...reading, snapshot }
}

function isList(given: TableRef | readonly TableRef[]): given is readonly TableRef[] {
  return Array.isArray(given)
}

function noTables(side: Side): ConfigError {
  return new ConfigError({
    code: 'option-invalid',
    key: `check.tables.${side}`,
    message: 'is a list without tables',
    fix: 'name one table, or all parts of one that is spread over databases',
  })
}
