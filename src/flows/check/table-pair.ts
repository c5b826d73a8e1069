import { agree, type RepairEnds } from '../../compare/agree.js'
import { aligned, assertComparable } from '../../compare/comparable.js'
import { ConfigError } from '../../core/errors.js'
import type { Side } from '../../core/repair.js'
import type { Table } from '../../core/table.js'
import type { SideReading, TableSide } from './table-side.js'

/** What `check.tables` names, and how it is read. */
export interface TablePair {
  readonly left: TableSide
  readonly right: TableSide
  readonly reading: { readonly left: SideReading; readonly right: SideReading }
  /** As the option. */
  readonly columns: Readonly<Record<string, string>> | undefined
  readonly tolerance: Readonly<Record<string, number>> | undefined
}

export interface OpenedPair {
  readonly left: Table
  readonly right: Table
  /** What counts for nothing in the comparison. */
  readonly notes: readonly string[]
  /** `undefined`: that side cannot be repaired. */
  repairs(side: Side): RepairEnds | undefined
}

export interface FoundPair extends OpenedPair {
  /** Equal for two that are one and the same table. */
  readonly places: { readonly left: readonly string[]; readonly right: readonly string[] }
}

/** Reads both catalogs. Throws `ConfigError` when the two cannot be compared, or a table would be compared with itself. */
export async function openPair(pair: TablePair, flow: string, signal: AbortSignal): Promise<FoundPair> {
  const key = `flows.${flow}`
  const opened = await found(pair, key, signal)
  checkTolerance(`${key}.tolerance`, pair.tolerance ?? {}, opened.left)
  const { left, right } = opened.places
  for (const [side, places] of Object.entries({ left, right }))
    if (new Set(places).size < places.length)
      throw twice(`${key}.${side}`, side === 'left' ? opened.left : opened.right)
  const { reading } = pair
  if (reading.left.where === reading.right.where && left.some((place) => right.includes(place)))
    throw sameTable(key, opened.left, opened.right)
  return opened
}

/** Tables of one engine in its own form where it has one, which is the fastest; else in the form that all have. */
async function found(pair: TablePair, key: string, signal: AbortSignal): Promise<FoundPair> {
  const { left: one, right: other, columns, reading } = pair
  const keyless = reading.left.keyless === true
  if (!keyless && columns === undefined && one.engine !== undefined && one.engine === other.engine)
    return foundOwn(pair, key, signal)
  const [left, right] = await Promise.all([
    one.openCanonical(signal, reading.left, key),
    other.openCanonical(signal, reading.right, key),
  ])
  const agreement = agree(left.table, right.table, { key, keyless, ...(columns === undefined ? {} : { columns }) })
  return { ...agreement, places: { left: left.places, right: right.places } }
}

async function foundOwn({ left: one, right: other, reading }: TablePair, key: string, signal: AbortSignal) {
  const [{ table: left, places: leftPlaces }, { table: right, places: rightPlaces }] = await Promise.all([
    one.open(signal, reading.left),
    other.open(signal, reading.right),
  ])
  assertComparable(left, right, key)
  const repairs = (side: Side): RepairEnds | undefined => {
    const { columns, key: names } = left.schema
    const target = (side === 'left' ? left : right).repair?.(
      columns.map(({ name }) => name),
      names,
    )
    return target && { target, source: side === 'left' ? aligned(right, left.schema) : left }
  }
  return { left, right, notes: [], repairs, places: { left: leftPlaces, right: rightPlaces } }
}

function checkTolerance(key: string, tolerance: Readonly<Record<string, number>>, { schema }: Table): void {
  const names = schema.columns.map(({ name }) => name)
  for (const [name, limit] of Object.entries(tolerance)) {
    const isColumn = names.includes(name) && !schema.key.includes(name)
    if (isColumn && Number.isFinite(limit) && limit >= 0) continue
    throw new ConfigError({
      code: 'option-invalid',
      key: `${key}.${name}`,
      message: isColumn ? 'is not a number from 0 on' : 'the left table has no such column outside its key',
      fix: 'write { column: 0.01 } with a compared column of the left table',
    })
  }
}

function sameTable(key: string, left: Table, right: Table): ConfigError {
  const aliases = left.label === right.label ? left.label : `${left.label} and ${right.label}`
  return new ConfigError({
    code: 'same-table',
    key,
    message: `left and right are one and the same table (${aliases}), which always equals itself`,
    fix: 'name two different tables, or two databases; two addresses can lead to one server',
  })
}

function twice(key: string, { label }: Table): ConfigError {
  return new ConfigError({
    code: 'same-table',
    key,
    message: `one table is in the list twice (${label}), so each of its rows would be`,
    fix: 'name each part of the table once; two addresses can lead to one server',
  })
}
