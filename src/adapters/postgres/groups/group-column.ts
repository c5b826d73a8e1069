import type { GroupColumn } from '../../../core/groups.js'
import type { TypeFacts } from '../catalog/types.js'

/** A request as the catalog has it, with the SQL it takes. */
export interface PostgresGroupColumn extends GroupColumn {
  /** `"public"."message_data"` */
  readonly qualified: string
  readonly schemaName: string
  readonly oid: string
  /** In the database: the column that is grouped by, and the one of the figure where that is not a count. */
  readonly keyName: string
  readonly valueName: string | undefined
  /** Its index must have its texts in the order of their bytes. */
  readonly collated: boolean
  /** The key, as it is grouped and ordered by: `t."body"`, of a text by its bytes. */
  readonly key: string
  /** The type that keys of parameters are cast to. */
  readonly keyCast: string
  /** Keys that cannot be values of the column; a cast of them would fail. */
  readonly fits: (key: string) => boolean
  /** Prints a key `g.k`. */
  readonly printKey: string
  /** `count(*)`, or the stored value. */
  readonly figure: string
  /** Each key is in one row: nothing to group. */
  readonly single: boolean
  /** The filter of the config. */
  readonly where: string | undefined
}

interface KeyType {
  readonly order: GroupColumn['order']
  readonly cast: string
  readonly print: string
  readonly collate: boolean
  readonly fits: (key: string) => boolean
}

const LEAST_INT8 = -(2n ** 63n)
const GREATEST_INT8 = 2n ** 63n - 1n

function fitsInt8(key: string): boolean {
  if (!/^-?\d{1,19}$/.test(key)) return false
  const value = BigInt(key)
  return value >= LEAST_INT8 && value <= GREATEST_INT8
}

const INTEGER: KeyType = { order: 'number', cast: 'int8', print: 'g.k', collate: false, fits: fitsInt8 }
const TEXT: KeyType = {
  order: 'text',
  cast: 'text',
  print: 'g.k',
  collate: true,
  fits: (key) => !key.includes('\0'),
}

const KEY_TYPES: ReadonlyMap<string, KeyType> = new Map([
  ['int2', INTEGER],
  ['int4', INTEGER],
  ['int8', INTEGER],
  ['numeric', { order: 'number', cast: 'numeric', print: 'trim_scale(g.k)', collate: false, fits: () => true }],
  ['uuid', { order: 'uuid', cast: 'uuid', print: 'g.k', collate: false, fits: () => true }],
  ['bytea', { order: 'bytes', cast: 'bytea', print: `encode(g.k, 'hex')`, collate: false, fits: () => true }],
  ['text', TEXT],
  ['varchar', TEXT],
  ['name', TEXT],
])

/** `undefined`: its order is not that of other engines, or of other columns. */
export function keyTypeOf({ schema, name, deterministic }: TypeFacts): KeyType | undefined {
  return schema === 'pg_catalog' && deterministic ? KEY_TYPES.get(name) : undefined
}

/** A value's kind, and how it is printed; `undefined`: it has no exact sum or order. */
export function figureFacts(
  facts: TypeFacts,
  value: string,
): { kind: GroupColumn['value']; print: string } | undefined {
  if (facts.schema !== 'pg_catalog') return undefined
  if (/^(int2|int4|int8|numeric)$/.test(facts.name)) return { kind: 'number', print: value }
  const time = (text: string) => ({ kind: 'time', print: `to_char(${text}, 'YYYY-MM-DD HH24:MI:SS.US')` }) as const
  if (facts.name === 'timestamptz') return time(`(${value}) at time zone 'UTC'`)
  if (facts.name === 'timestamp' || facts.name === 'date') return time(`(${value})::timestamp`)
  return undefined
}
