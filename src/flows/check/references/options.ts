import { z } from 'zod'
import type { CheckAlert, FlowAlert } from '../../../core/alert.js'
import type { ColumnRef, Database, GroupsRequest } from '../../../core/database.js'
import type { Distribute, DistributeOptions } from '../../../core/distribute.js'
import { ConfigError } from '../../../core/errors.js'
import type { Aggregate } from '../../../core/groups.js'
import type { Schedule, ScheduleOptions } from '../../../core/schedule.js'
import { AlertShape, parseAlert } from '../../alert.js'
import { parseDistribute } from '../../distributed/parse-distribute.js'
import { parseSchedule, ScheduleShape } from '../../schedule.js'
import { type HistoryOptions, type HistorySettings, HistoryShape, historySettings } from '../history/options.js'

export interface ReferencesCheck {
  /**
   * The stored number: `global.table(blobStorage).column('numReferences')`. Its row is found by the table's key, of one
   * column: its `key` option, else the primary key.
   */
  readonly master: ColumnRef
  /** Columns that hold keys of the master, in any databases and engines: `shard.table(messageData).column('body')`. */
  readonly references: readonly ColumnRef[]
  /** What the stored number is of the rows that refer to it: `count()`, `sum('bytes')`, `max('createdAt')`. Default `count()`. */
  readonly of?: Aggregate
  /** Values that mean "no reference". NULL always does. Default `[null]`. */
  readonly none?: readonly (string | number | bigint | null)[]
  /** Time between two looks at a key that differs, in ms. Default 1000; more when references are written long before the number. */
  readonly settleMs?: number
  /**
   * How long one snapshot of the databases is held, in ms; then the check goes on with a new one from the key where it is.
   * Default 1,800,000 (half an hour): so long servers keep old versions of rows.
   */
  readonly maxSnapshotMs?: number
  /** When people are told, and where: `{ when: 'any', to: webhook(...) }`. Default: as `alerts` of the config. */
  readonly alert?: CheckAlert
  /** When `lockstep run` checks: `'0 3 * * *'` (UTC), or `{ cron, timeZone }`. Default: once, at the start. */
  readonly schedule?: ScheduleOptions
  /** Workers (`lockstep worker`) count range by range of the master's keys, wherever they run: `{ postgres: env('QUEUE_URL') }`. Default: this process alone. */
  readonly distribute?: DistributeOptions
  /** What is kept of its runs in the config's `state` database. Default: 100 runs and 1,000 findings of each. */
  readonly history?: HistoryOptions | false
}

export interface ReferencesSettings {
  /** The master first, then the references in their order. */
  readonly requests: readonly GroupsRequest[]
  /** Each once. */
  readonly databases: readonly Database[]
  readonly of: Aggregate
  readonly none: readonly (string | number | bigint | null)[]
  readonly settleMs: number
  readonly maxSnapshotMs: number
  readonly schedule: Schedule | undefined
  readonly history: HistorySettings | undefined
  readonly alert: FlowAlert | undefined
  readonly distribute: Distribute | undefined
}

const ms = z.number().int().min(0).max(2_147_483_647)

const column = z.custom<ColumnRef>(
  (value) => typeof value === 'object' && value !== null && 'table' in value && 'column' in value,
  "this is no column of a table; write db.table(t).column('name')",
)

const Options = z.strictObject({
  master: column,
  references: z.array(column).min(1),
  of: z
    .union([
      z.strictObject({ kind: z.literal('count') }),
      z.strictObject({ kind: z.enum(['sum', 'max', 'min']), column: z.string().min(1) }),
    ])
    .default({ kind: 'count' }),
  none: z.array(z.union([z.string(), z.number(), z.bigint(), z.null()])).default([null]),
  settleMs: ms.default(1_000),
  maxSnapshotMs: ms.min(1).default(1_800_000),
  alert: AlertShape.check,
  schedule: ScheduleShape,
  history: HistoryShape.optional(),
  distribute: z.custom<DistributeOptions>().optional(),
})

/** Fills in defaults; a `ConfigError` names the option that is wrong. */
export function parseReferences(options: ReferencesCheck): ReferencesSettings {
  const { success, data, error } = Options.safeParse(options)
  if (!success) throw invalid(error)
  const { master, references, of, ...rest } = data
  const schedule = parseSchedule(data.schedule, 'check.references')
  const alert = parseAlert(data.alert, 'check', 'check.references')
  const distribute = parseDistribute(data.distribute, 'check.references')
  const adds = of.kind === 'count' || of.kind === 'sum'
  const requests = [
    request(master, { key: undefined, of: { kind: 'stored', column: master.column, nullAsZero: adds } }),
    ...references.map((reference) => request(reference, { key: reference.column, of })),
  ]
  const history = historySettings(data.history)
  return {
    ...rest,
    schedule,
    history,
    alert,
    distribute,
    of,
    requests,
    databases: [...new Set(requests.map(({ table }) => table.database))],
  }
}

function request({ table, options }: ColumnRef, rest: Pick<GroupsRequest, 'key' | 'of'>): GroupsRequest {
  return { table, where: options.where, ...rest }
}

function invalid(error: z.ZodError): ConfigError {
  const [first] = error.issues
  const key = first?.code === 'unrecognized_keys' ? first.keys[0] : first?.path.join('.')
  return new ConfigError({
    code: 'option-invalid',
    key: `check.references({ ${String(key ?? 'options')} })`,
    message: first?.message ?? 'is not valid',
    fix:
      first?.code === 'unrecognized_keys'
        ? `Remove it; known are ${Object.keys(Options.shape).join(', ')}.`
        : 'Correct the option; check.references() documents each.',
  })
}
