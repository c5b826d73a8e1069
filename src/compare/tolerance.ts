import type { Row, TableSchema } from '../core/table.js'
import { sameRow } from './key.js'

/** Whether two rows are to be taken for the same. */
export type RowEquality = (left: Row, right: Row) => boolean

/** By column: how far two numbers may be apart and still be the same. */
export type Tolerance = Readonly<Record<string, number>>

/** Texts are compared as they are, but for numbers in columns with a tolerance. */
export function rowEquality({ columns }: TableSchema, tolerance: Tolerance = {}): RowEquality {
  const limits = columns.map(({ name }) => {
    const limit = Object.hasOwn(tolerance, name) ? tolerance[name] : undefined
    return limit === undefined ? undefined : parse(String(limit))
  })
  if (limits.every((limit) => limit === undefined)) return sameRow
  return (left, right) =>
    left.every((value, at) => value === right[at] || isClose(value, right[at] ?? null, limits[at]))
}

/** `digits` times ten to the `power`. */
interface Decimal {
  readonly digits: bigint
  readonly power: number
}

const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,4}))?$/i

function parse(text: string): Decimal | undefined {
  const [found, sign, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? []
  if (found === undefined) return undefined
  const digits = BigInt(whole + fraction)
  return { digits: sign === '-' ? -digits : digits, power: Number(exponent) - fraction.length }
}

/** Exact, as 1.11 - 1.10 is more than 0.01 in floating point. */
function isClose(left: string | null, right: string | null, limit: Decimal | undefined): boolean {
  if (limit === undefined || left === null || right === null) return false
  const [one, other] = [parse(left), parse(right)]
  if (one === undefined || other === undefined) return false
  const power = Math.min(one.power, other.power, limit.power)
  const scaled = ({ digits, power: own }: Decimal): bigint => digits * 10n ** BigInt(own - power)
  const distance = scaled(one) - scaled(other)
  return (distance < 0n ? -distance : distance) <= scaled(limit)
}
