import type { ResultField } from '../session/session.js'
import type { MysqlColumn } from './catalog-queries.js'

/** The protocol's numbers of types. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'decimal'],
  [1, 'tinyint'],
  [2, 'smallint'],
  [3, 'int'],
  [4, 'float'],
  [5, 'double'],
  [7, 'timestamp'],
  [8, 'bigint'],
  [9, 'mediumint'],
  [10, 'date'],
  [11, 'time'],
  [12, 'datetime'],
  [13, 'year'],
  [14, 'date'],
  [15, 'varchar'],
  [16, 'bit'],
  [245, 'json'],
  [246, 'decimal'],
  [247, 'enum'],
  [248, 'set'],
  [249, 'text'],
  [250, 'text'],
  [251, 'text'],
  [252, 'text'],
  [253, 'varchar'],
  [254, 'char'],
  [255, 'geometry'],
])

const BYTES: ReadonlyMap<string, string> = new Map([
  ['text', 'blob'],
  ['varchar', 'varbinary'],
  ['char', 'binary'],
])

const NOT_NULL = 1
const ZEROFILL = 64
const ENUM = 256
const SET = 2048
/** The character set of bytes. */
const BINARY = 63
/** The number of digits is not fixed. */
const NOT_FIXED = 31

/** A column of a result as one of a table that holds the same values. */
export function columnOf({ name, type, extended, flags, charset, decimals, length }: ResultField): MysqlColumn {
  const plain = TYPES.get(type) ?? 'unknown'
  const kind = (flags & ENUM) > 0 ? 'enum' : (flags & SET) > 0 ? 'set' : plain
  const isText = kind === 'enum' || kind === 'set' || BYTES.has(kind)
  const dataType = extended === 'uuid' ? 'uuid' : isText && charset === BINARY ? (BYTES.get(kind) ?? kind) : kind
  const scale = decimals === NOT_FIXED ? 0 : decimals
  return {
    name,
    type: typeText(dataType, { length, scale, zerofill: (flags & ZEROFILL) > 0 }),
    dataType,
    nullable: (flags & NOT_NULL) === 0,
    hasDefault: false,
    generated: false,
    autoIncrement: false,
    onUpdate: false,
    collation: isText && charset !== BINARY && dataType !== 'uuid' ? 'of the query' : undefined,
    scale,
  }
}

function typeText(
  dataType: string,
  { length, scale, zerofill }: { readonly length: number; readonly scale: number; readonly zerofill: boolean },
): string {
  if (dataType === 'bit') return `bit(${length})`
  if (dataType === 'decimal') return `decimal(${length},${scale})`
  return zerofill ? `${dataType} zerofill` : dataType
}
