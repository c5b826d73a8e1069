import { DataError } from '../../../core/errors.js'
import { cleanJson, cleanText, type InvalidText, isCleanJson, isCleanText } from '../../sql/clean-text.js'
import type { RowGroup } from '../../sql/row-groups.js'
import { type BinaryElement, binaryArray, binaryElements } from './binary-array.js'
import { type ArrayParameter, columnLiteral, isSpecial } from './column-literal.js'
import type { UpsertColumn } from './upsert-column.js'
import type { Keys, UpsertStatement } from './upsert-statement.js'
import type { BinaryKind, Element } from './value-text.js'

/** Rows of one statement, by column, ready to be sent. */
export class EncodedRows {
  readonly statement: UpsertStatement
  readonly items: readonly number[]
  readonly keys: Exclude<Keys, 'new'>
  readonly #columns: readonly EncodedColumn[]

  constructor(statement: UpsertStatement, items: readonly number[], columns: readonly EncodedColumn[]) {
    this.statement = statement
    this.items = items
    this.#columns = columns
    this.keys = repeats(columns.filter(({ key }) => key)) ? 'repeated' : 'once'
  }

  /** One array per column, of all rows or of those at `places`. */
  arrays(places?: readonly number[]): readonly ArrayParameter[] {
    return this.#columns.map((column) =>
      'binary' in column
        ? binaryArray(column.binary, only(column.elements, places))
        : columnLiteral(only(column.elements, places), column.facts),
    )
  }
}

export type EncodedColumn =
  | { readonly key: boolean; readonly elements: readonly BinaryElement[]; readonly binary: BinaryKind }
  | {
      readonly key: boolean
      readonly elements: readonly Element[]
      readonly facts: { readonly nulls: boolean; readonly special: boolean }
    }

function only<Value>(elements: readonly (Value | null)[], places?: readonly number[]): readonly (Value | null)[] {
  return places === undefined ? elements : places.map((place) => elements[place] ?? null)
}

/** Collects why rows cannot be written, by item. */
export interface Refusals {
  readonly table: string
  readonly refused: Map<number, DataError>
}

export function refuse({ table, refused }: Refusals, item: number, { code, why }: { code: string; why: string }): void {
  if (!refused.has(item)) refused.set(item, new DataError(code, `${table}: ${why}`))
}

/** The column's values of all rows. What cannot be stored is noted in `refusals`. */
export function encodeColumn(
  column: UpsertColumn,
  group: RowGroup,
  { invalidText, refusals }: { readonly invalidText: InvalidText; readonly refusals: Refusals },
): EncodedColumn {
  const numbers = binaryElements(column, group)
  if (numbers !== undefined && column.binary !== undefined)
    return { key: column.key, elements: numbers, binary: column.binary }
  const { elements, nulls, texts } = elementsOf(column, group, refusals)
  if (nulls && column.key) refuseNullKeys(column, { elements, items: group.items }, refusals)
  if (!texts || column.clean) return { key: column.key, elements, facts: { nulls, special: false } }
  const joined = elements.join('')
  const jsonb = column.column.facts.name === 'jsonb'
  if (!(jsonb ? isCleanJson(joined) : isCleanText(joined))) {
    const clean = jsonb ? cleanJson : cleanText
    elements.forEach((element, at) => {
      const text = typeof element === 'string' ? clean(element, invalidText) : element
      if (text === undefined) refuse(refusals, group.items[at] ?? 0, badText(column))
      else elements[at] = text
    })
    return { key: column.key, elements, facts: { nulls, special: true } }
  }
  return { key: column.key, elements, facts: { nulls, special: isSpecial(joined) } }
}

/** The hot loop: one call per value at most, none for what goes as it is. */
function elementsOf(
  { property, plain, element: encode, updateDefault, insertDefault, column }: UpsertColumn,
  { rows, items, columns }: RowGroup,
  refusals: Refusals,
): { readonly elements: Element[]; readonly nulls: boolean; readonly texts: boolean } {
  const absent = columns.includes(property) ? undefined : (updateDefault ?? insertDefault)
  const elements: Element[] = []
  let nulls = false
  let texts = false
  for (let at = 0; at < rows.length; at++) {
    const value = absent === undefined ? rows[at]?.[property] : absent()
    if (plain && typeof value === 'string') {
      texts = true
      elements.push(value)
      continue
    }
    const element = attempt(encode, value)
    if (element === undefined) {
      refuse(refusals, items[at] ?? 0, {
        code: 'value-unsupported',
        why: `column ${column.name} (${column.type}) cannot hold this ${nameOfType(value)}`,
      })
    }
    if (element === null || element === undefined) nulls = true
    else if (typeof element === 'string') texts = true
    elements.push(element ?? null)
  }
  return { elements, nulls, texts }
}

function attempt(encode: UpsertColumn['element'], value: unknown): Element | undefined {
  try {
    return encode(value)
  } catch {
    return undefined
  }
}

function nameOfType(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value
  if (value instanceof Date) return 'Date'
  return Array.isArray(value) ? 'array' : 'object'
}

function refuseNullKeys(
  { column }: UpsertColumn,
  { elements, items }: { readonly elements: readonly Element[]; readonly items: readonly number[] },
  refusals: Refusals,
): void {
  elements.forEach((element, at) => {
    if (element === null) refuse(refusals, items[at] ?? 0, keyMissing(column.name))
  })
}

export function keyMissing(name: string): { code: string; why: string } {
  return { code: 'key-missing', why: `key column ${name} has no value` }
}

function badText({ column }: UpsertColumn): { code: string; why: string } {
  const why = `column ${column.name} holds a NUL or half a surrogate pair, which PostgreSQL cannot store; set invalidText to strip or escape them`
  return { code: 'invalid-text', why }
}

/** Whether a key may be in it twice. Mostly one column of the key tells already that none is. */
function repeats(keys: readonly EncodedColumn[]): boolean {
  const length = keys[0]?.elements.length ?? 0
  if (keys.some(({ elements }) => new Set(elements).size === length)) return false
  if (keys.length === 1) return true
  const texts = new Set<string>()
  for (let at = 0; at < length; at++) {
    let text = ''
    for (const { elements } of keys) text += `\0${elements[at]}`
    texts.add(text)
  }
  return texts.size < length
}
