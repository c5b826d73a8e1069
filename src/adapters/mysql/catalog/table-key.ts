import type { Subject } from './catalog-errors.js'
import {
  keyCollation,
  keyEmpty,
  keyNotFound,
  keyNotUnique,
  keyNullable,
  secondUniqueIndex,
  unknownColumn,
  unusableColumn,
} from './catalog-errors.js'
import type { CatalogTable, MysqlColumn, UniqueIndex } from './catalog-queries.js'

export interface KeyChoice {
  readonly subject: Subject
  readonly table: CatalogTable
  /** All columns of the table, generated and ignored ones too. */
  readonly columns: readonly MysqlColumn[]
  readonly indexes: readonly UniqueIndex[]
  readonly ignored: ReadonlySet<string>
  /** Nothing will be written. Collations are checked once it is known as what the key is compared. */
  readonly reading: boolean
}

/**
 * The columns that identify a row: those asked for, else of the primary key, else of the first unique index over NOT NULL
 * columns. Throws `ConfigError` when they cannot, or when an upsert could meet a row of another key.
 */
export function chooseKey(choice: KeyChoice, asked: readonly string[] | undefined): readonly MysqlColumn[] {
  const key = asked === undefined ? foundKey(choice) : askedKey(choice, asked)
  const { subject, table } = choice
  for (const column of key) {
    const named = { option: 'key', column: column.name } as const
    if (column.generated) throw unusableColumn(subject, named, GENERATED)
    if (choice.ignored.has(column.name)) throw unusableColumn(subject, { ...named, option: 'ignore' }, IN_KEY)
    if (column.nullable) throw keyNullable(subject, table, column)
    if (!choice.reading && !isExact(column)) throw keyCollation(subject, table, column)
  }
  if (choice.reading) return key
  for (const index of choice.indexes) {
    if (!isHarmless(index, key, choice.columns)) throw secondUniqueIndex(subject, table, index)
  }
  return key
}

function foundKey({ subject, columns, indexes }: KeyChoice): readonly MysqlColumn[] {
  for (const index of indexes) {
    const found = index.columns.flatMap((name) => columns.filter((column) => column.name === name))
    const usable = index.whole && found.every((column) => !column.nullable && !column.generated)
    if (usable && found.length > 0) return found
  }
  throw keyNotFound(subject)
}

function askedKey({ subject, table, columns, indexes }: KeyChoice, asked: readonly string[]): readonly MysqlColumn[] {
  if (asked.length === 0) throw keyEmpty(subject)
  const names = [...new Set(asked)]
  const key = names.map((name) => {
    const column = columns.find((candidate) => candidate.name === name)
    if (column === undefined) throw unknownColumn(subject, { option: 'key', column: name }, columns)
    return column
  })
  const unique = indexes.some(
    ({ whole, columns: its }) => whole && its.length === names.length && names.every((name) => its.includes(name)),
  )
  if (!unique) throw keyNotUnique(subject, table, names)
  return key
}

const GENERATED = { reason: 'is generated, so it cannot be written', fix: 'choose the columns it is computed from' }
const IN_KEY = { reason: 'is in the key', fix: 'take it out of ignore, or set another key' }

/** Equal only when written alike, but for spaces at the end (`upsert/key-text.ts`). */
function isExact({ collation }: MysqlColumn): boolean {
  return collation === undefined || /(^|_)(bin|binary)$/.test(collation)
}

/**
 * Whoever has the values of this index has the key too, or nobody can have them: a number that AUTO_INCREMENT gives, as
 * long as no row brings its own (which the writer refuses).
 */
function isHarmless(index: UniqueIndex, key: readonly MysqlColumn[], columns: readonly MysqlColumn[]): boolean {
  if (index.whole && key.every((column) => index.columns.includes(column.name))) return true
  return index.whole && index.columns.some((name) => isCounter(columns, name))
}

function isCounter(columns: readonly MysqlColumn[], name: string): boolean {
  return columns.some((column) => column.name === name && column.autoIncrement)
}
