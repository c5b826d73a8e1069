import type { FlowAlert, StreamAlert } from '../../core/alert.js'
import type { Database, TableOptions, TableRef } from '../../core/database.js'
import type { DeadLetterStore } from '../../core/dead-letter.js'
import { describeOptions } from '../../core/describe-options.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { CheckOptions, CheckReport, Flow, FlowContext } from '../../core/flow.js'
import { leased } from '../../engine/lease/leased.js'
import { shareLanes } from '../../engine/lease/share/share-lanes.js'
import { parseAlert } from '../alert.js'
import { historySettings } from '../check/history/options.js'
import { recorded } from '../check/history/recorded.js'
import { tablesSubject } from '../check/history/subject.js'
import { TableSide } from '../check/table-side.js'
import { checkSides } from './check-sides.js'
import { diagnoseSync, syncGrants } from './diagnose.js'
import { KeyShare } from './key-share.js'
import { mirror } from './mirror.js'
import { openSides } from './open-sides.js'
import { type ConflictPolicy, LANE_COUNTS, type LaneCount, type PairPolicy, type SyncSettings } from './settings.js'

/** Two or more. */
export type SyncSides = readonly [Database, Database, ...Database[]]

/** With two sides one of them may win; with more, the first; where their number is not known, whatever it is. */
type PolicyOf<Sides extends SyncSides> = number extends Sides['length']
  ? ConflictPolicy
  : Sides extends readonly [Database, Database]
    ? PairPolicy
    : Exclude<ConflictPolicy, 'left' | 'right'>

export interface SyncOptions<Sides extends SyncSides = SyncSides> extends TableOptions {
  /** The table on all sides: a Drizzle table or a name. */
  readonly table: unknown
  /** Different databases, two or more; of two the first is the left side. */
  readonly between: Sides
  /** Default `newest` when a `version` column is named, else `keep`. */
  readonly conflict?: PolicyOf<Sides>
  /** Pause between two comparisons of the whole tables, in ms. Default 600,000 (ten minutes). */
  readonly compareEveryMs?: number
  /**
   * Divides the keys by hash into so many lanes, so that as many processes may run the flow at once and share them. Default
   * 1: one process runs it. Lanes are taken over within 15 s from a process that is gone.
   */
  readonly lanes?: LaneCount
  /** When people are told, and where: `{ lagAboveMs: 60_000, to: webhook(...) }`. Default: as `alerts` of the config. */
  readonly alert?: StreamAlert
}

const COMPARE_EVERY_MS = 600_000

/**
 * Keeps one table the same in two databases or more: what is inserted on one side is inserted on all others, in real
 * time; with a `version` column updates travel too. Deletes do not: the comparison restores the row.
 *
 * Throws `ConfigError` for fewer than two databases, or a `conflict` that their number does not allow.
 */
export function sync<const Sides extends SyncSides>(options: SyncOptions<Sides>): Flow {
  const { table, between, conflict, compareEveryMs, lanes = 1, alert, ...tableOptions } = options
  const settings: SyncSettings = {
    sides: between.map((database) => database.table(table, tableOptions)),
    conflict: conflict ?? (options.version === undefined ? 'keep' : 'newest'),
    compareEveryMs: compareEveryMs ?? COMPARE_EVERY_MS,
    lanes,
  }
  assertSettings(settings)
  return new SyncFlow(settings, parseAlert(alert, 'stream', 'sync'))
}

function assertSettings({ sides, conflict, lanes }: SyncSettings): void {
  const wrong = (key: string, message: string, fix: string): ConfigError =>
    new ConfigError({ code: 'option-invalid', key: `sync({ ${key} })`, message, fix })
  if (sides.length < 2) throw wrong('between', `names ${sides.length} databases`, 'name two databases or more')
  if (!LANE_COUNTS.includes(lanes))
    throw wrong('lanes', `is ${lanes}`, `name how many lanes there are: ${LANE_COUNTS.join(', ')}`)
  if (sides.length === 2 && conflict === 'first')
    throw wrong('conflict', 'is `first`, which is for more than two sides', 'name the side: `left` is the first one')
  if (sides.length > 2 && (conflict === 'left' || conflict === 'right'))
    throw wrong('conflict', `is \`${conflict}\`, but there are ${sides.length} sides`, 'let the first one win: `first`')
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
    this.databases = settings.sides.map(({ database }) => database)
    this.tables = settings.sides
    this.deadLetters = this.databases.map(({ state }) => state.deadLetters)
  }

  run(context: FlowContext): Promise<void> {
    const [home] = this.databases
    const { lanes } = this.#settings
    if (home !== undefined && lanes > 1) {
      const share = new KeyShare(lanes)
      return shareLanes({ home, written: this.databases, lanes }, context, (inner) => {
        share.hold(inner.lanes)
        return mirror(this.#settings, inner, share)
      })
    }
    // The lease of many sides would make all wait for the one that has it; positions keep two instances apart as well.
    const free = this.databases.length > 2 && context.standby !== true
    if (home === undefined || free) return mirror(this.#settings, context)
    return leased({ home, written: this.databases }, context, (inner) => mirror(this.#settings, inner))
  }

  async check(context: FlowContext, options: CheckOptions): Promise<CheckReport> {
    if (options.repair !== undefined) throw repairsByRunning(context.name)
    const { sides: refs } = this.#settings
    const [first, ...others] = refs
    const [left, right] = [new TableSide('left', first ?? []), new TableSide('right', others)]
    const subject = tablesSubject({ left, right, where: {}, sample: undefined })
    const recording = { context, options, subject, settings: historySettings(undefined) }
    return recorded(recording, async (listening) =>
      checkSides(await openSides(refs, context, 'read'), context, listening),
    )
  }

  describe(): unknown {
    const { sides, ...settings } = this.#settings
    return describeOptions({ between: sides, ...settings })
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
