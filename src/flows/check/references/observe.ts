import type { GroupSnapshot, Groups } from '../../../core/groups.js'
import type { Opened, Place } from './opened.js'
import type { Observation } from './rule.js'

export interface Moment {
  readonly snapshotOf: (place: Place) => GroupSnapshot
  readonly signal: AbortSignal
}

/** What is stored under these keys, and what refers to them, at one moment; at most `LOOKUP_KEYS`. */
export async function observe(
  opened: Opened,
  keys: readonly string[],
  { snapshotOf, signal }: Moment,
): Promise<readonly Observation[]> {
  const [stored, ...counted] = await Promise.all(
    [opened.master, ...opened.references].map(async (place) => {
      const groups = await snapshotOf(place).lookup(place.column, keys, signal)
      return valuesByKey(groups)
    }),
  )
  return keys.map((key) => ({ key, stored: stored?.get(key), counted: counted.map((values) => values.get(key)) }))
}

function valuesByKey({ keys, values }: Groups): ReadonlyMap<string, string | null> {
  const byKey = new Map<string, string | null>()
  for (const [at, key] of keys.entries()) byKey.set(String(key), textOf(values[at]))
  return byKey
}

function textOf(value: number | string | null | undefined): string | null {
  return value === undefined || value === null ? null : String(value)
}
