import type { Subject } from './catalog-errors.js'
import { keyEmpty, keyNotFound, keyNotUnique, keyNullable, unknownColumn, unusableColumn } from './catalog-errors.js'
import type { CatalogColumn, CatalogIndex, CatalogRelation } from './catalog-queries.js'

export interface KeyChoice {
  readonly subject: Subject
  readonly relation: CatalogRelation
  /** All columns of the table, generated and ignored ones too. */
  readonly columns: readonly CatalogColumn[]
  readonly indexes: readonly CatalogIndex[]
  readonly ignored: ReadonlySet<string>
}

/**
 * The columns that identify a row: those asked for, else of the primary key, else of the first unique index that
 * `ON CONFLICT` can use. Throws `ConfigError` when there are none, or they may be NULL or repeat.
 */
export function chooseKey(choice: KeyChoice, asked: readonly string[] | undefined): readonly string[] {
  return asked === undefined ? foundKey(choice) : checkedKey(choice, asked)
}

function foundKey(choice: KeyChoice): readonly string[] {
  const { subject, relation, columns, indexes } = choice
  const written = new Set(columns.filter((column) => !column.generated).map((column) => column.name))
  const candidates = indexes.filter(
    (index) => index.unusable === undefined && index.columns.every((name) => written.has(name)),
  )
  const index = candidates.find((candidate) => nullableOf(columns, candidate.columns).length === 0)
  if (index !== undefined) {
    checkColumns(choice, index.columns)
    return index.columns
  }
  const [almost] = candidates
  if (almost !== undefined) throw keyNullable(subject, relation, nullableOf(columns, almost.columns))
  throw keyNotFound(subject, relation, columns)
}

function nullableOf(columns: readonly CatalogColumn[], key: readonly string[]): readonly string[] {
  return columns.filter((column) => key.includes(column.name) && !column.notNull).map((column) => column.name)
}

function checkedKey(choice: KeyChoice, asked: readonly string[]): readonly string[] {
  if (asked.length === 0) throw keyEmpty(choice.subject)
  const key = [...new Set(asked)]
  checkColumns(choice, key)
  const matching = choice.indexes.filter((index) => sameColumns(index.columns, key))
  if (!matching.some((index) => index.unusable === undefined)) {
    throw keyNotUnique(choice.subject, choice.relation, { key, flawed: matching[0] })
  }
  const nullable = nullableOf(choice.columns, key)
  if (nullable.length > 0) throw keyNullable(choice.subject, choice.relation, nullable)
  return key
}

function checkColumns({ subject, columns, ignored }: KeyChoice, key: readonly string[]): void {
  for (const name of key) {
    const column = columns.find((candidate) => candidate.name === name)
    if (column === undefined) throw unknownColumn(subject, { option: 'key', column: name }, columns)
    if (column.generated) throw unusableColumn(subject, { option: 'key', column: name }, GENERATED)
    if (ignored.has(name)) throw unusableColumn(subject, { option: 'ignore', column: name }, IN_KEY)
  }
}

const GENERATED = {
  reason: 'is generated, so it cannot be written',
  fix: 'choose the columns it is computed from',
}

const IN_KEY = { reason: 'is in the key', fix: 'take it out of ignore, or set another key' }

function sameColumns(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name))
}
