import type { GroupColumn, GroupReader, GroupSnapshot } from '../../../core/groups.js'
import type { SharedSnapshot } from '../../../core/key-range.js'
import type { Rule } from './rule.js'

/** A column of one of the readers. */
export interface Place {
  readonly reader: number
  readonly column: number
  readonly info: GroupColumn
}

/** A check of references whose tables have been looked at. */
export interface Opened {
  /** One per database. */
  readonly readers: readonly GroupReader[]
  readonly master: Place
  readonly references: readonly Place[]
  readonly rule: Rule
  /** Keys that stand for "no reference". */
  readonly none: ReadonlySet<string>
}

/** Each column that is read, with its types. */
export function typesOf({ master, references }: Opened): readonly string[] {
  return [master, ...references].map(({ info: { label, types } }) => `${label} (${types.join(', ')})`)
}

export interface SnapshotsRequest {
  readonly use: 'whole' | 'keys'
  readonly signal: AbortSignal
  /** Moments that somebody holds, by reader. */
  readonly held?: readonly (SharedSnapshot | undefined)[]
}

/** One snapshot of each database, taken together as closely as machines allow, and given back when `work` ends. */
export async function withSnapshots<Result>(
  { readers }: Opened,
  { use, signal, held }: SnapshotsRequest,
  work: (snapshotOf: (place: Place) => GroupSnapshot) => Promise<Result>,
): Promise<Result> {
  const taken = await Promise.allSettled(readers.map((reader, index) => reader.snapshot(use, signal, held?.[index])))
  const snapshots = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    for (const one of taken) if (one.status === 'rejected') throw one.reason
    return await work((place) => {
      const snapshot = snapshots[place.reader]
      if (snapshot === undefined) throw new RangeError('a column of a database that is not read')
      return snapshot
    })
  } finally {
    await Promise.all(snapshots.map((snapshot) => snapshot[Symbol.asyncDispose]()))
  }
}
