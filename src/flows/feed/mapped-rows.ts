import { DataError, LockstepError } from '../../core/errors.js'
import type { Values } from '../../core/upsert.js'
import { InvalidRow } from './invalid-row.js'
import type { Rejections } from './rejections.js'

export type RowMap = (row: Values) => unknown

export interface Mapping<Encoded> extends Rejecting {
  readonly map: RowMap
  /** What is published of what `map` made, neither `undefined` nor `null`. Throws `DataError` when it cannot be. */
  encode(value: unknown): Encoded
}

export interface Rejecting {
  /** Of the row, to say which was rejected. */
  readonly key: readonly string[]
  readonly rejections: Rejections
}

/** Rows that an asynchronous `map` is given at the same time. */
const TOGETHER = 100

/** The rows as they are published; what `map` refuses is noted, what it answers with `undefined` or `null` is left out. */
export async function mappedRows<Encoded>(
  rows: readonly Values[],
  mapping: Mapping<Encoded>,
): Promise<readonly Encoded[]> {
  const published: Encoded[] = []
  for (let at = 0; at < rows.length; at += TOGETHER) {
    const some = rows.slice(at, at + TOGETHER)
    const results = some.map((row) => attempt(() => mapping.map(row)))
    const settled = results.some(isPending) ? await Promise.all(results.map(settle)) : results
    settled.forEach((result, index) => {
      const encoded = result.ok ? encode(result.value, mapping) : result
      if (!encoded.ok) reject(some[index] ?? {}, encoded.error, mapping)
      else if (encoded.value === undefined) mapping.rejections.skipped += 1
      else published.push(encoded.value)
    })
  }
  return published
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

function encode<Encoded>(value: unknown, mapping: Mapping<Encoded>): Result<Encoded | undefined> {
  return attempt(() => (value === undefined || value === null ? undefined : mapping.encode(value)))
}

/** Notes that a row is not published, and why. Throws what is not about the row. */
export function reject(row: Values, error: unknown, { key, rejections }: Rejecting): void {
  // What is not about the row (a database that map asks is away) is for the flow to deal with.
  if (error instanceof LockstepError && !(error instanceof DataError)) throw error
  const known = error instanceof DataError
  rejections.add({
    key: key.map((name) => row[name]),
    code: known ? error.code : 'map-failed',
    // The text of another error may hold values of the row.
    reason: known ? error.message : `map threw ${error instanceof Error ? error.name : typeof error}`,
    ...(error instanceof InvalidRow ? { problems: error.problems } : {}),
  })
}
