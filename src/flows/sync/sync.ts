import type { FlowAlert, StreamAlert } from '../../core/alert.js'
import type { Database, TableOptions, TableRef } from '../../core/database.js'
import type { DeadLetterStore } from '../../core/dead-letter.js'
import { describeOptions } from '../../core/describe-options.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { CheckOptions, CheckReport, Flow, FlowContext } from '../../core/flow.js'
import { parseAlert } from '../alert.js'
import { checkTables } from '../check/check-tables.js'
import { historySettings } from '../check/history/options.js'
import { recorded } from '../check/history/recorded.js'
import { tablesSubject } from '../check/history/subject.js'
import { diagnoseSync, syncGrants } from './diagnose.js'
import { mirror } from './mirror.js'
import { openSides } from './open-sides.js'
import type { ConflictPolicy, SyncSettings } from './settings.js'

export interface SyncOptions extends TableOptions {
  /** The table on both sides: a Drizzle table or a name. */
  readonly table: unknown
  /** Two different databases; the first is the left side. */
  readonly between: readonly [Database, Database]
  /** Default `newest` when a `version` column is named, else `keep`. */
  readonly conflict?: ConflictPolicy
  /** Pause between two comparisons of the whole tables, in ms. Default 600,000 (ten minutes). */
  readonly compareEveryMs?: number
  /** When people are told, and where: `{ lagAboveMs: 60_000, to: webhook(...) }`. Default: as `alerts` of the config. */
  readonly alert?: StreamAlert
}

const COMPARE_EVERY_MS = 600_000

/**
 * Keeps one table the same in two databases: what is inserted on one side is inserted on the other, in real time and
 * both ways; with a `version` column updates travel too. Deletes do not: the comparison restores the row.
 */
export function sync(options: SyncOptions): Flow {
  const { table, between, conflict, compareEveryMs, alert, ...tableOptions } = options
  const [left, right] = between.map((database) => database.table(table, tableOptions))
  if (left === undefined || right === undefined) throw new TypeError('between takes two databases')
  const settings: SyncSettings = {
    left,
    right,
    conflict: conflict ?? (options.version === undefined ? 'keep' : 'newest'),
    compareEveryMs: compareEveryMs ?? COMPARE_EVERY_MS,
  }
  return new SyncFlow(settings, parseAlert(alert, 'stream', 'sync'))
}

class SyncFlow implements Flow {
  readonly kind = 'sync'
  readonly databases: readonly Database[]
  readonly tables: readonly TableRef[]
  readonly deadLetters: readonly DeadLetterStore[]
  readonly alert: FlowAlert | undefined
  readonly #settings: SyncSettings

  constructor(settings: SyncSettings, alert: FlowAlert | undefined) {
    this.#settings = settings
    this.alert = alert
    this.databases = [settings.left.database, settings.right.database]
    this.tables = [settings.left, settings.right]
    this.deadLetters = this.databases.map(({ state }) => state.deadLetters)
  }

  run(context: FlowContext): Promise<void> {
    return mirror(this.#settings, context)
  }

  async check(context: FlowContext, options: CheckOptions): Promise<CheckReport> {
    if (options.repair !== undefined) throw repairsByRunning(context.name)
    const subject = tablesSubject({ ...this.#settings, where: {}, sample: undefined })
    const recording = { context, options, subject, settings: historySettings(undefined) }
    return recorded(recording, async (listening) => {
      const { left, right } = await openSides(this.#settings, context, 'read')
      return checkTables(left.table, right.table, context, listening)
    })
  }

  describe(): unknown {
    return describeOptions(this.#settings)
  }

  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseSync(this.#settings, signal)
  }

  grants(role: string, signal: AbortSignal): Promise<readonly GrantList[]> {
    return syncGrants(this.#settings, role, signal)
  }
}

function repairsByRunning(flow: string): ConfigError {
  return new ConfigError({
    code: 'repair-unsupported',
    key: `flows.${flow}`,
    message: 'a sync flow repairs by running: it brings each side what it lacks, by the rule of the flow',
    fix: `run it: lockstep run ${flow} --until-caught-up`,
  })
}
