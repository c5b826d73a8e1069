import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Database } from '../../../../core/database.js'
import type { ReferenceFinding } from '../../../../core/flow.js'
import { type RangeKind, RangeMoment } from '../../../distributed/range-kind.js'
import type { Opened } from '../opened.js'

const rows = z.int().min(0)

/** What a worker is told of a range. No address and no SQL: these it has from its own config. */
export const RecountTask = z.object({
  /** What the coordinator found, as `referencesPrint`. */
  print: z.string(),
  /** Keys of the range, as they are written in groups. */
  after: z.string().optional(),
  upTo: z.string().optional(),
  /** Names of snapshots that the coordinator holds, database by database. */
  snapshots: z.array(z.string().nullable()),
  /** As the coordinator's command line or config says. */
  settleMs: z.number().min(0),
  details: z.object({ findings: rows, rows }).optional(),
})
export type RecountTask = z.infer<typeof RecountTask>

/** What the results of ranges add up to. */
const RecountTotal = z.object({
  groups: z.array(z.number()).readonly(),
  total: z.number(),
  /** Of the oldest one of all ranges. */
  snapshotMs: z.number(),
})
export type RecountTotal = z.infer<typeof RecountTotal>

/** What a worker tells of a range that is done; what is wrong in it has been told before. */
export const RecountResult = RangeMoment.extend(RecountTotal.shape)
export type RecountResult = z.infer<typeof RecountResult>

/** Of `check.references`. */
export const REFERENCES_KIND: RangeKind<RecountTask, RecountTotal> = {
  task: RecountTask,
  total: RecountTotal,
  nothing: { groups: [], total: 0, snapshotMs: 0 },
  add({ groups, total, snapshotMs }, range) {
    const result = RecountResult.parse(range.result)
    return {
      groups: result.groups.map((some, place) => some + (groups[place] ?? 0)),
      total: total + result.total,
      snapshotMs: Math.max(snapshotMs, result.snapshotMs),
    }
  },
}

const Value = z.string().nullable()
const Source = z
  .object({ name: z.string(), value: Value, rowKey: z.array(z.string()), rows: z.array(z.array(Value)).optional() })
  .transform(({ rows: some, ...source }) => ({ ...source, ...(some === undefined ? {} : { rows: some }) }))

/** As a worker told it. */
export const FoundReference = z
  .object({
    kind: z.enum(['mismatch', 'unreferenced', 'orphan', 'unstable']),
    key: z.string(),
    expected: Value,
    stored: Value.optional(),
    sources: z.array(Source),
  })
  .transform(({ kind, key, expected, stored, sources }): ReferenceFinding => ({ kind, key, expected, stored, sources }))

/** Equal where the very same columns were found, on the same servers, by whatever address. */
export async function referencesPrint(
  { master, references }: Opened,
  databases: readonly Database[],
  signal: AbortSignal,
): Promise<string> {
  const identities = await Promise.all(databases.map((database) => database.identify(signal)))
  const places = [master, ...references].map(({ reader, info: { name, order, value, types, rowKey } }) => ({
    database: identities[reader]?.id,
    name,
    order,
    value,
    types,
    rowKey,
  }))
  return createHash('sha256').update(JSON.stringify(places)).digest('base64')
}
