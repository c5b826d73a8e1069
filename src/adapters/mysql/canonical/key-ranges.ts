import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Ranged } from '../catalog/catalog.js'
import type { ReadPass } from '../session/read-pass.js'
import type { FormedRows } from './formed-rows.js'

/** The least and the greatest key of a snapshot. */
export interface KeyExtent {
  readonly least: bigint
  readonly greatest: bigint
}

export interface KeyRange {
  readonly from: bigint
  readonly size: number
  /** Whatever comes after it is of it too. */
  readonly last: boolean
}

const Extent = z.tuple([z.object({ least: z.coerce.bigint().nullable(), greatest: z.coerce.bigint().nullable() })])
const Plan = z.array(z.object({ type: z.string().nullable() }))

/** `undefined` where one statement is better: the table has no such key or no rows, or an index answers its filter. */
export async function extentOf(pass: ReadPass, { ranged, source }: FormedRows): Promise<KeyExtent | undefined> {
  if (ranged === undefined) return undefined
  if (ranged.where !== undefined) {
    const plan = Plan.parse(await pass.execute(sql.raw(`explain select * from ${source} t`)))
    if (plan.length > 1 || !/^(ALL|index)$/i.test(plan[0]?.type ?? '')) return undefined
  }
  const { column, table } = ranged
  const text = `select cast(min(${column}) as char) as least, cast(max(${column}) as char) as greatest from ${table}`
  const [{ least, greatest }] = Extent.parse(await pass.execute(sql.raw(text)))
  return least === null || greatest === null ? undefined : { least, greatest }
}

/** What rows of a range are read from, to be followed by an alias. */
export function sourceOf({ table, column, list, where }: Ranged, { from, size, last }: KeyRange): string {
  const end = last ? '' : ` and ${column} < ${from + BigInt(size)}`
  const condition = where === undefined ? '' : ` and (\n${where}\n)`
  // Without the hint a range of many rows may be read as a scan of the whole table.
  return `(select ${list} from ${table} force index (primary) where ${column} >= ${from}${end}${condition})`
}

/** Hands out what is left of the keys, in ascending order. */
export class KeyRanges {
  readonly #end: bigint
  #next: bigint

  constructor({ least, greatest }: KeyExtent) {
    this.#next = least
    this.#end = greatest + 1n
  }

  /** Numbers that may be keys: more than rows, where there are gaps. */
  get left(): number {
    return Number(this.#end - this.#next)
  }

  take(size: number): KeyRange {
    const from = this.#next
    const next = from + BigInt(Math.round(size))
    this.#next = next < this.#end ? next : this.#end
    return { from, size: Number(this.#next - from), last: this.#next === this.#end }
  }
}
