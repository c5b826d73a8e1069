import type { InValue } from '@libsql/client'
import { z } from 'zod'
import type { Statements } from '../session/session.js'

const Steps = z.array(z.object({ detail: z.string() }))

/** How SQLite would run a statement, step by step in its own words, without running it. It tells neither rows nor cost. */
export async function planOf(
  session: Statements,
  statement: string,
  { values = [], signal }: { readonly values?: readonly InValue[]; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const options = { what: 'planning', signal }
  const { rows } = await session.execute(`explain query plan ${statement}`, values, options)
  return Steps.parse(rows).map(({ detail }) => detail)
}

/** A table is read from its beginning to its end. */
export function readsAll(plan: readonly string[]): boolean {
  return plan.some((step) => /^SCAN (?!\(subquery|CONSTANT|SUBQUERY|g\b)/.test(step) && !/USING .*INDEX/.test(step))
}

/** Rows come out of an index in the order that is asked for. */
export function comesInOrder(plan: readonly string[]): boolean {
  return !plan.some((step) => /USE TEMP B-TREE/.test(step))
}

/** The rows themselves are not looked at. */
export function isCovered(plan: readonly string[]): boolean {
  return plan.some((step) => /USING (COVERING INDEX|INTEGER PRIMARY KEY)/.test(step))
}
