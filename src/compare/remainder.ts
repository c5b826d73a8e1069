import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
import type { Position } from '../core/batch.js'
import type { DifferingBucket } from './buckets.js'

/** What is left of a comparison: at each such moment all before it is judged, and nothing that is in here. */
export interface Remainder {
  /** Of each side, as the first pass counted them. */
  readonly rows: { readonly left: bigint; readonly right: bigint }
  /** Buckets that differ, with rows on both sides. */
  readonly open: readonly DifferingBucket[]
  readonly oneSided: readonly DifferingBucket[]
  /** `open` is to be divided to this depth first, for the so-manieth time. `undefined`: all are to be fetched. */
  readonly narrowing: { readonly depth: number; readonly division: number } | undefined
}

const Bucket = z.tuple([z.int(), z.int(), z.int(), z.int()])
const Saved = z.object({
  rows: z.tuple([z.string().regex(/^\d+$/), z.string().regex(/^\d+$/)]),
  open: z.array(Bucket),
  oneSided: z.array(Bucket),
  narrowing: z.object({ depth: z.int(), division: z.int() }).optional(),
})

/** As text for a checkpoint. Many thousand buckets are some hundred kilobytes. */
export function positionOf({ rows, open, oneSided, narrowing }: Remainder): Position {
  const saved = {
    rows: [String(rows.left), String(rows.right)],
    open: open.map(listed),
    oneSided: oneSided.map(listed),
    narrowing,
  }
  return deflateRawSync(JSON.stringify(saved)).toString('base64')
}

/** Throws when it is not what `positionOf` made. */
export function remainderOf(position: Position): Remainder {
  const text = inflateRawSync(Buffer.from(position, 'base64')).toString()
  const { rows, open, oneSided, narrowing } = Saved.parse(JSON.parse(text))
  return {
    rows: { left: BigInt(rows[0]), right: BigInt(rows[1]) },
    open: open.map(bucketOf),
    oneSided: oneSided.map(bucketOf),
    narrowing,
  }
}

function listed({ depth, index, left, right }: DifferingBucket): z.infer<typeof Bucket> {
  return [depth, index, left, right]
}

function bucketOf([depth, index, left, right]: z.infer<typeof Bucket>): DifferingBucket {
  return { depth, index, left, right }
}
