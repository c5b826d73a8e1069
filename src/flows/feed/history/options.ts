import { z } from 'zod'

/** What is kept of the runs of a feed, where the config names a `state` database. */
export interface FeedHistoryOptions {
  /** Runs of this flow. Default 100; the oldest are forgotten. */
  readonly keepRuns?: number
  /** Keys of rejected rows of a run, the first ones of each reason, and of one reason a tenth of them. Default 1,000; 0: counts only. */
  readonly keepKeys?: number
}

export interface FeedHistorySettings {
  readonly keepRuns: number
  readonly keepKeys: number
}

const DEFAULTS: FeedHistorySettings = { keepRuns: 100, keepKeys: 1_000 }

/** `undefined`: nothing is kept. */
export const FeedHistoryShape = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        keepRuns: z.number().int().min(1).max(10_000).exactOptional(),
        keepKeys: z.number().int().min(0).max(10_000).exactOptional(),
      }),
    ],
    'must be { keepRuns: 100, keepKeys: 1_000 }, one of these, or false to keep nothing',
  )
  .prefault({})
  .transform((given): FeedHistorySettings | undefined => (given === false ? undefined : { ...DEFAULTS, ...given }))
