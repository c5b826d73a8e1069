import { ConfigError, DataError, LockstepError } from '../../core/errors.js'
import type { Values } from '../../core/upsert.js'
import { csvLine } from './csv-text.js'
import { fieldText, jsonText } from './encode.js'
import type { Format } from './format.js'
import { linesPage, type TextPage } from './page.js'
import type { RowValidator } from './preset.js'
import type { Rejections } from './rejections.js'

export type RowMap = (row: Values) => unknown

export interface Mapping {
  readonly map: RowMap
  readonly format: Format
  readonly validate: RowValidator | undefined
  /** Of the row, to say which was rejected. */
  readonly key: readonly string[]
  readonly rejections: Rejections
}

/** Rows that an asynchronous `map` is given at the same time. */
const TOGETHER = 100

/** The rows as lines; what `map` refuses is noted, what it answers with `undefined` or `null` is left out. */
export async function mappedPage(rows: readonly Values[], mapping: Mapping): Promise<TextPage> {
  const lines: string[] = []
  const line = lineOf(mapping)
  for (let at = 0; at < rows.length; at += TOGETHER) {
    const some = rows.slice(at, at + TOGETHER)
    const results = some.map((row) => attempt(() => mapping.map(row)))
    const settled = results.some(isPending) ? await Promise.all(results.map(settle)) : results
    settled.forEach((result, index) => {
      const encoded = result.ok ? encode(result.value, line) : result
      if (!encoded.ok) reject(some[index] ?? {}, encoded.error, mapping)
      else if (encoded.value === undefined) mapping.rejections.skipped += 1
      else lines.push(encoded.value)
    })
  }
  return linesPage(lines, mapping.format.encoding.separator)
}

type Result<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: unknown }

function attempt<Value>(work: () => Value): Result<Value> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    return { ok: false, error }
  }
}

function isPending(result: Result<unknown>): boolean {
  return result.ok && result.value instanceof Promise
}

async function settle(result: Result<unknown>): Promise<Result<unknown>> {
  if (!result.ok) return result
  try {
    return { ok: true, value: await result.value }
  } catch (error) {
    return { ok: false, error }
  }
}

function encode(value: unknown, line: (value: unknown) => string): Result<string | undefined> {
  return attempt(() => (value === undefined || value === null ? undefined : line(value)))
}

function lineOf({ format: { name, columns }, validate }: Mapping): (value: unknown) => string {
  if (validate !== undefined) {
    return (value) => {
      // First, as it says more than that a number is none.
      validate(value)
      return jsonText(value)
    }
  }
  if (name !== 'csv') return jsonText
  if (columns === undefined) throw columnsMissing()
  return (value) => {
    if (typeof value !== 'object' || value === null) {
      throw new DataError('row-not-object', 'map made no object, so there are no columns for the CSV')
    }
    return csvLine(columns.map((column) => fieldText(Object.hasOwn(value, column) ? Reflect.get(value, column) : null)))
  }
}

export function columnsMissing(): ConfigError {
  return new ConfigError({
    code: 'option-invalid',
    key: 'feed({ as })',
    message: 'the columns of the CSV are not known, as map may make any',
    fix: "name them: csv({ columns: ['id', 'name'] })",
  })
}

function reject(row: Values, error: unknown, { key, rejections }: Mapping): void {
  // What is not about the row (a database that map asks is away) is for the flow to deal with.
  if (error instanceof LockstepError && !(error instanceof DataError)) throw error
  const known = error instanceof DataError
  rejections.add({
    key: key.map((name) => row[name]),
    code: known ? error.code : 'map-failed',
    // The text of another error may hold values of the row.
    reason: known ? error.message : `map threw ${error instanceof Error ? error.name : typeof error}`,
  })
}
