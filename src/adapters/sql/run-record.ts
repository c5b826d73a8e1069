import { z } from 'zod'
import type { RunRecord } from '../../core/state.js'

/** Runs that ended so many days ago are forgotten when a newer one of the flow is saved. */
export const KEEP_RUN_DAYS = 30

const Stored = z.object({
  flow: z.string(),
  kind: z.string(),
  run: z.string(),
  state: z.enum(['running', 'standby', 'scheduled', 'draining', 'paused', 'stopped', 'failed']),
  startedAt: z.string(),
  heartbeatAt: z.string(),
  items: z.number(),
  lagMs: z.number().optional(),
  retries: z.number(),
  deadLetters: z.number(),
  conflicts: z.number(),
  lastError: z.string().optional(),
  lastVerdict: z.object({ verdict: z.string(), detail: z.string(), at: z.string() }).optional(),
  nextRunAt: z.string().optional(),
  lastRun: z
    .object({ startedAt: z.string(), endedAt: z.string(), exitCode: z.number(), error: z.string().optional() })
    .optional(),
  lease: z.object({ holder: z.string(), epoch: z.number(), since: z.string() }).optional(),
})

/** A record as it is kept: JSON in which NUL, which not every database takes, is a character that shows it. */
export function runRecordText(record: RunRecord): string {
  return JSON.stringify(Stored.parse(record), (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\0', '\u2400') : value,
  )
}

export function parseRunRecord(text: string): RunRecord {
  const stored = Stored.parse(JSON.parse(text))
  return { ...stored, lagMs: stored.lagMs, lastError: stored.lastError, lastVerdict: stored.lastVerdict }
}
