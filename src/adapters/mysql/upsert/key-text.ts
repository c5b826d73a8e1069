import type { MysqlColumn } from '../catalog/catalog-queries.js'

/**
 * From the SQL text of a key's value to a text that is the same for values that the server takes for equal; `undefined`
 * when that cannot be told here.
 */
export type KeyText = (sql: string) => string | undefined

const UNKNOWN: KeyText = () => undefined

export function keyText({ dataType, collation = '', scale }: MysqlColumn): KeyText {
  switch (dataType) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return integerText
    case 'decimal':
      return (sql) => decimalText(sql, scale)
    case 'char':
      return unpadded
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return isPadded(collation) ? unpadded : asWritten
    case 'binary':
      return (sql) => (sql.startsWith('x') ? sql.replace(/(00)*'$/, '') : undefined)
    case 'varbinary':
      return (sql) => (sql.startsWith('x') ? sql : undefined)
    case 'uuid':
      return (sql) => (UUID.test(sql) ? sql.toLowerCase() : undefined)
    case 'date':
      return (sql) => (DATE.test(sql) ? sql : undefined)
    case 'datetime':
    case 'timestamp':
      return (sql) => momentText(sql, scale)
    default:
      return UNKNOWN
  }
}

const UUID = /^'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'$/i
const DATE = /^'\d{4}-\d\d-\d\d'$/
const QUOTED = /^'.*'$/s
const SIMPLE = /^(0|-?[1-9]\d*)$/
const INTEGER = /^'?([+-]?\d+)'?$/
const DECIMAL = /^'?([+-]?)0*(\d+?)(?:\.(\d*?)0*)?'?$/
const MOMENT = /^'(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d*?)0*)?'$/

/** In most collations spaces at the end of a text count for nothing when it is compared. */
function isPadded(collation: string): boolean {
  return !/_nopad_|_0900_|^binary$/.test(collation)
}

function asWritten(sql: string): string | undefined {
  return QUOTED.test(sql) ? sql : undefined
}

function unpadded(sql: string): string | undefined {
  return QUOTED.test(sql) ? sql.replace(/ +'$/, "'") : undefined
}

function integerText(sql: string): string | undefined {
  if (SIMPLE.test(sql)) return sql
  const digits = INTEGER.exec(sql)?.[1]
  return digits === undefined ? undefined : BigInt(digits.replace('+', '')).toString()
}

/** More digits than the column has are rounded by the server. */
function decimalText(sql: string, scale: number): string | undefined {
  const [found, sign, whole = '', fraction = ''] = DECIMAL.exec(sql) ?? []
  if (found === undefined || fraction.length > scale) return undefined
  const number = fraction === '' ? whole : `${whole}.${fraction}`
  return sign === '-' && /[1-9]/.test(number) ? `-${number}` : number
}

function momentText(sql: string, scale: number): string | undefined {
  const [found, date, time, fraction = ''] = MOMENT.exec(sql) ?? []
  return found === undefined || fraction.length > scale ? undefined : `${date} ${time}.${fraction}`
}
