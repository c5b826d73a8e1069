import type { Table, TableSchema } from './table.js'

/**
 * A text that values of different engines can be given as, so that equal values are equal texts:
 * - `number`: integers, decimals, booleans (0 and 1): plain digits, no zeros that count for nothing: `-1.5`, `0`.
 * - `float`: the shortest digits that read back as the same value, as a whole number and a power of ten: `15e-1`. A float
 *   of 32 bits is first made one of 64, which changes no value.
 * - `text`: as it is. `padded`: without spaces at its end, as `char(n)` does not keep them.
 * - `uuid`: lower case, with hyphens.
 * - `moment`: `2024-02-29 23:59:59.123`, in UTC; a type without a zone is taken for UTC. At most `fraction` digits of the
 *   second, cut, not rounded, without zeros at the end.
 * - `date`: `2024-02-29`. `time`: `23:59:59.123`, as `moment`.
 * - `bytes`: hexadecimal, lower case. `bits`: `0101`.
 * - `own`: as only this engine's type `name` prints it.
 *
 * What a type has besides values (`NaN`, `infinity`, `0000-00-00`) is given as the database prints it.
 */
export type Form =
  | { readonly kind: 'number' | 'uuid' | 'date' | 'bytes' | 'bits' }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  | { readonly kind: 'text'; readonly padded: boolean }
  | { readonly kind: 'moment' | 'time'; readonly fraction: number }
  | { readonly kind: 'own'; readonly name: string }

/** A column of a table in canonical form. */
export interface FormedColumn {
  /** In the table. */
  readonly name: string
  /** In the rows, which may be named after the other side's column. */
  readonly as: string
  readonly form: Form
}

/** A table whose values can be given in forms that other engines have too. */
export interface CanonicalTable {
  readonly schema: TableSchema
  /** As `Table.label`. */
  readonly label: string
  /** What each column's values can be given as, the best first, in the order of `schema.columns`. At least one each. */
  readonly forms: readonly (readonly Form[])[]
  /**
   * The table as rows of these columns, digested as `hashingOf` says. `key` are names as in `as`. Throws `ConfigError`
   * when a key column cannot be one in its form, such as a text whose collation takes `a` for `A`.
   */
  as(columns: readonly FormedColumn[], key: readonly string[]): Table
}

/** Of the forms a column offers the one of the same kind, which cuts nothing off its values. */
export function wholeOf(offered: readonly Form[], form: Form): Form {
  return offered.find(({ kind }) => kind === form.kind) ?? form
}

/**
 * How rows in canonical form are hashed, the same on every engine. Each value in column order: `-` for NULL; its length
 * in bytes, `:` and itself when that is at most `INLINE_BYTES`; else its length, `#` and its md5. Of bytes the value, not
 * its hexadecimal text, is measured and hashed. The hash is the first 64 bits of the md5 of it all, as a signed number;
 * that of the key, made likewise of the key's values, says the bucket.
 */
export function hashingOf(columns: readonly FormedColumn[], key: readonly string[]): string {
  const list = columns.map(({ as, form }) => `${JSON.stringify(as)} ${formText(form)}`)
  return `canonical/v1 (${list.join(', ')}) by (${key.map((name) => JSON.stringify(name)).join(', ')})`
}

/** Longer values are hashed by themselves, so that no row becomes one long text. */
export const INLINE_BYTES = 1_000

export function formText(form: Form): string {
  switch (form.kind) {
    case 'float':
      return `float${form.bits}`
    case 'text':
      return form.padded ? 'text without spaces at the end' : 'text'
    case 'moment':
    case 'time':
      return `${form.kind} to ${form.fraction} digits`
    case 'own':
      return form.name
    default:
      return form.kind
  }
}
