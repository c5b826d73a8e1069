import { z } from 'zod'
import type { CheckRun, CheckRunState, CheckSubject, EndedCheckRun, FoundCounts } from '../../core/check-store.js'
import { ConfigError } from '../../core/errors.js'

/** Runs and findings of a page, unless the caller says otherwise. */
export const RUN_PAGE = 50
export const FINDING_PAGE = 100

/** A run that has not ended, and of which nothing was heard for so long, is interrupted. */
export const INTERRUPTED_AFTER_S = 60

/** What an ended run has beside its columns, as JSON text. */
export function outcomeText({ report, error }: EndedCheckRun): string {
  return jsonText({ report, error })
}

export function subjectText(subject: CheckSubject): string {
  return jsonText(subject)
}

export function foundText(found: FoundCounts): string {
  return jsonText(found)
}

/** Of a run that begins. */
export const NOTHING_FOUND = foundText({ byKind: {}, kept: 0 })

/** What differs, without what is only in flight. */
export function differencesOf({ byKind }: FoundCounts): number {
  return Object.entries(byKind).reduce((sum, [kind, count]) => (kind === 'unstable' ? sum : sum + count), 0)
}

/** JSON, in which NUL and halves of characters are escapes that every database keeps as text. Big integers are text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}

export function parsed(text: string): unknown {
  return JSON.parse(text)
}

const json = <Schema extends z.ZodType>(schema: Schema) => z.string().transform(parsed).pipe(schema)

const Sample = z.object({ share: z.number(), seed: z.number() })
const Source = z.object({ label: z.string(), where: z.string().exactOptional(), query: z.string().exactOptional() })

const Subject = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('tables'),
    left: Source,
    right: Source,
    sample: z.object({ share: z.number(), seed: z.number().exactOptional() }).exactOptional(),
  }),
  z.object({ kind: z.literal('references'), of: z.string(), master: Source, references: z.array(Source) }),
])

const count = z.number()
const verdict = z.enum(['same', 'different', 'unverified'])
const LeftAlone = z.array(z.object({ reason: z.string(), count }))
const Repair = z.object({
  mode: z.enum(['sql', 'apply']),
  table: z.string(),
  planned: count,
  repaired: count,
  changedMeanwhile: count,
  failed: LeftAlone,
  left: LeftAlone,
  applied: z.boolean(),
})
const rows = z.string().transform((text) => BigInt(text))

const Report = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('tables'),
    verdict,
    left: z.string(),
    right: z.string(),
    columns: z.array(z.string()),
    keyColumns: z.array(z.string()),
    rows: z.object({ left: rows, right: rows }),
    missingLeft: count,
    missingRight: count,
    changed: count,
    unstable: count,
    copies: count.exactOptional(),
    sample: Sample.exactOptional(),
    fetchedRows: count,
    durationMs: count,
    notes: z.array(z.string()).exactOptional(),
    repair: Repair.exactOptional(),
  }),
  z.object({
    kind: z.literal('references'),
    verdict,
    of: z.enum(['count', 'sum', 'max', 'min']),
    master: z.object({ label: z.string(), key: z.string(), rows: count }),
    references: z.array(z.object({ label: z.string(), name: z.string(), keys: count })),
    total: count.optional(),
    mismatch: count,
    unreferenced: count,
    orphan: count,
    unstable: count,
    snapshotMs: count,
    durationMs: count,
    repair: Repair.exactOptional(),
  }),
])

const Outcome = z.object({
  report: Report.exactOptional(),
  error: z.object({ code: z.string(), message: z.string() }).exactOptional(),
})

const Found = z.object({
  byKind: z.object({
    'missing-left': count.exactOptional(),
    'missing-right': count.exactOptional(),
    changed: count.exactOptional(),
    copies: count.exactOptional(),
    mismatch: count.exactOptional(),
    unreferenced: count.exactOptional(),
    orphan: count.exactOptional(),
    unstable: count.exactOptional(),
  }),
  kept: count,
})

const EXIT_CODES = [0, 1, 2, 3, 4, 5, 70, 130] as const

/** Columns as the adapters select them; `silent`: nothing was heard of it for `INTERRUPTED_AFTER_S`. */
const Stored = z.object({
  id: z.string(),
  flow: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  exitCode: z.coerce.number().pipe(z.literal(EXIT_CODES)).nullable(),
  silent: z.union([z.boolean(), z.coerce.number().transform((flag) => flag !== 0)]),
  subject: json(Subject),
  found: json(Found),
  outcome: json(Outcome).nullable(),
})

export function storedRun(row: unknown): CheckRun {
  const { endedAt, silent, exitCode, outcome, ...rest } = Stored.parse(row)
  const { report, error } = outcome ?? {}
  const waiting: CheckRunState = silent ? 'interrupted' : 'running'
  return {
    ...rest,
    state: endedAt === null ? waiting : report === undefined ? 'failed' : 'finished',
    endedAt: endedAt ?? undefined,
    exitCode: exitCode ?? undefined,
    report: report?.kind === 'references' ? { ...report, total: report.total } : report,
    error,
  }
}

/** Reading prepares nothing, and tables that are not there yet hold nothing. */
export async function orNothing<Row>(read: Promise<readonly Row[]>): Promise<readonly Row[]> {
  try {
    return await read
  } catch (error) {
    if (error instanceof ConfigError && NO_TABLE.has(error.code)) return []
    throw error
  }
}

/** SQLite's adapter has the second for it. */
const NO_TABLE: ReadonlySet<string> = new Set(['table-missing', 'schema-changed'])
