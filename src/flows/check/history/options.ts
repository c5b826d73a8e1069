import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'

/** What is kept of the runs of a check, where the config names a `state` database. */
export interface HistoryOptions {
  /** Runs of this flow. Default 100; the oldest are forgotten with their findings. */
  readonly keepRuns?: number
  /** Findings of a run, the first ones. Default 1,000. */
  readonly keepFindings?: number
  /**
   * Also keeps the values of rows that differ, long ones cut. Default `false`: their keys, and the names of the columns that
   * differ.
   */
  readonly keepRows?: boolean
}

export interface HistorySettings {
  readonly keepRuns: number
  readonly keepFindings: number
  readonly keepRows: boolean
}

export const HistoryShape = z.union([
  z.literal(false),
  z.strictObject({
    keepRuns: z.number().int().min(1).max(10_000).exactOptional(),
    keepFindings: z.number().int().min(0).max(100_000).exactOptional(),
    keepRows: z.boolean().exactOptional(),
  }),
])

/** `undefined`: nothing is kept. */
export function historySettings(given: HistoryOptions | false | undefined): HistorySettings | undefined {
  if (given === false) return undefined
  return { keepRuns: 100, keepFindings: 1_000, keepRows: false, ...given }
}

/** Throws `ConfigError`; `owner` is the function that was given the option. */
export function parseHistory(given: HistoryOptions | false | undefined, owner: string): HistorySettings | undefined {
  const { success, data } = HistoryShape.optional().safeParse(given)
  if (success) return historySettings(data)
  throw new ConfigError({
    code: 'option-invalid',
    key: `${owner}({ history })`,
    message: 'is not valid',
    fix: 'write { keepRuns: 100, keepFindings: 1_000, keepRows: false }, some of these, or false to keep nothing',
  })
}
