import type { RowGroup } from '../../sql/row-groups.js'
import type { UpsertColumn } from './upsert-column.js'
import type { BinaryKind } from './value-text.js'

/** Whole numbers, or moments in ms since 1970. */
export type BinaryElement = number | null

const OIDS: Readonly<Record<BinaryKind, number>> = { int4: 23, timestamp: 1114, timestamptz: 1184 }
/** 2000-01-01, from which PostgreSQL counts microseconds. */
const EPOCH_MS = 946_684_800_000
/** As far from it as microseconds are exact in a double: 1715 to 2285. */
const SPAN_MS = 9_000_000_000_000
const TWO_32 = 4_294_967_296

const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const SQL_NULL = -1

/** The values of a column that can all go as binary; `undefined`: they must go as text, which also says what is wrong. */
export function binaryElements(
  { binary, property, key }: UpsertColumn,
  { rows, columns }: RowGroup,
): readonly BinaryElement[] | undefined {
  if (binary === undefined || !columns.includes(property)) return undefined
  const elementOf = binary === 'int4' ? integer : moment
  const elements: BinaryElement[] = []
  for (const row of rows) {
    const value = row[property]
    const element = value === null || value === undefined ? null : elementOf(value)
    if (element === undefined || (key && element === null)) return undefined
    elements.push(element)
  }
  return elements
}

function integer(value: unknown): number | undefined {
  return typeof value === 'number' && (value | 0) === value ? value : undefined
}

function moment(value: unknown): number | undefined {
  if (!(value instanceof Date)) return undefined
  const ms = value.getTime()
  return Math.abs(ms - EPOCH_MS) < SPAN_MS ? ms : undefined
}

/** A one-dimensional array as `array_recv` of PostgreSQL reads it. */
export function binaryArray(kind: BinaryKind, elements: readonly BinaryElement[]): Buffer {
  const width = kind === 'int4' ? 4 : 8
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + elements.length * (LENGTH_BYTES + width))
  bytes.writeInt32BE(elements.length === 0 ? 0 : 1, 0)
  bytes.writeInt32BE(elements.includes(null) ? 1 : 0, 4)
  bytes.writeInt32BE(OIDS[kind], 8)
  bytes.writeInt32BE(elements.length, 12)
  bytes.writeInt32BE(1, 16)
  let at = elements.length === 0 ? 12 : HEADER_BYTES
  for (const element of elements) {
    at = bytes.writeInt32BE(element === null ? SQL_NULL : width, at)
    if (element === null) continue
    at = kind === 'int4' ? bytes.writeInt32BE(element, at) : writeMoment(bytes, element, at)
  }
  return bytes.subarray(0, at)
}

function writeMoment(bytes: Buffer, ms: number, at: number): number {
  const microseconds = (ms - EPOCH_MS) * 1_000
  const high = Math.floor(microseconds / TWO_32)
  return bytes.writeUInt32BE(microseconds - high * TWO_32, bytes.writeInt32BE(high, at))
}
