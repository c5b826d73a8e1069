import type { InValue } from '@libsql/client'
import type { Form } from '../../../core/canonical.js'
import type { Row } from '../../../core/table.js'
import type { SqliteColumn } from '../catalog/catalog-queries.js'
import { quoteIdentifier } from '../catalog/identifiers.js'

export interface KeyCondition {
  readonly text: string
  readonly values: readonly InValue[]
}

/** For the rows with these keys, by the key's index; `undefined` when stored values may be written in other ways. */
export function keyCondition(
  columns: readonly SqliteColumn[],
  forms: readonly Form[],
  keys: readonly Row[],
): KeyCondition | undefined {
  const values: InValue[] = []
  for (const key of keys) {
    for (const [at, { type }] of columns.entries()) {
      const value = storedValue(key[at] ?? null, forms[at], type)
      if (value === undefined) return undefined
      values.push(value)
    }
  }
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ')
  const tuple = `(${columns.map(() => '?').join(', ')})`
  return { text: `(${names}) in (values ${keys.map(() => tuple).join(', ')})`, values }
}

function storedValue(text: string | null, form: Form | undefined, type: string): InValue | undefined {
  if (text === null) return undefined
  if (form?.kind === 'text' && !form.padded && /CHAR|CLOB|TEXT/i.test(type)) return text
  if (form?.kind === 'number' && /INT/i.test(type) && /^-?\d{1,18}$/.test(text)) return BigInt(text)
  if (form?.kind === 'bytes' && /BLOB/i.test(type) && /^([0-9a-f]{2})*$/.test(text)) return Buffer.from(text, 'hex')
  return undefined
}
