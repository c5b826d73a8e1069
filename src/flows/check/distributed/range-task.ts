import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Difference } from '../../../core/difference.js'
import { RangeMoment } from '../../distributed/range-kind.js'
import type { FoundPair } from '../table-pair.js'

const Keys = z.object({
  left: z.string(),
  right: z.string(),
  order: z.enum(['number', 'uuid']),
  after: z.string().optional(),
  upTo: z.string().optional(),
})

const Snapshots = z.array(z.string().nullable())

/** What a worker is told of a range. No address and no SQL: these it has from its own config. */
export const RangeTask = z.object({
  /** What the coordinator found, as `pairPrint`. */
  pair: z.string(),
  /** Neither of these: all of it. */
  keys: Keys.optional(),
  part: z.object({ index: z.int(), of: z.int() }).optional(),
  /** Names of snapshots that the coordinator holds, table by table. */
  snapshots: z.object({ left: Snapshots, right: Snapshots }),
  /** As the coordinator's command line or config says. */
  sample: z.object({ share: z.number(), seed: z.int().optional() }).optional(),
  settleMs: z.number().optional(),
})
export type RangeTask = z.infer<typeof RangeTask>

/** What a worker tells of a range that is done; what differs it has told before. */
export const RangeResult = RangeMoment.extend({
  rows: z.object({ left: z.string(), right: z.string() }),
  buckets: z.int(),
  differingBuckets: z.int(),
  fetchedRows: z.int(),
  passes: z.int(),
  settled: z.int(),
  digestMs: z.number(),
  confirmMs: z.number(),
})
export type RangeResult = z.infer<typeof RangeResult>

const Values = z.array(z.string().nullable())
const Some = Values.optional().transform((row) => row)

/** As a worker told it. */
export const FoundDifference: z.ZodType<Difference> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('missing-left'), key: Values, right: Values }),
  z.object({ kind: z.literal('missing-right'), key: Values, left: Values }),
  z.object({ kind: z.literal('changed'), key: Values, left: Values, right: Values }),
  z
    .object({ kind: z.literal('unstable'), key: Values, left: Some, right: Some })
    .transform(({ kind, key, left, right }) => ({ kind, key, left, right })),
  z
    .object({
      kind: z.literal('copies'),
      key: Values,
      left: Some,
      right: Some,
      copies: z.object({ left: z.int(), right: z.int() }),
    })
    .transform(({ kind, key, left, right, copies }) => ({ kind, key, left, right, copies })),
])

/** Equal where the very same tables were found, with the same columns, by whatever address. */
export function pairPrint({ left, right, places }: FoundPair): string {
  const side = ({ hashing, schema: { columns, key } }: FoundPair['left']): unknown => ({
    hashing,
    columns: columns.map(({ name, type }) => [name, type]),
    key,
  })
  return createHash('sha256')
    .update(JSON.stringify([side(left), side(right), places]))
    .digest('base64')
}
