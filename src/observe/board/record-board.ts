import type { RunRecord } from '../../core/state.js'
import type { Board, FlowFigures, SeriesStep } from './flow-figures.js'
import type { FlowTotals } from './flow-totals.js'
import type { Happening } from './happening.js'
import type { LaneFigures } from './lane-figures.js'
import { Series, type SeriesColumns } from './series.js'

const COARSE_STEPS = 360
const FINE_STEPS = 300
/** The rate is that of so many last seconds, as with flows of this process. */
const RATE_STEPS = 10

interface Panel {
  record: RunRecord
  readonly fine: Series
  readonly coarse: Series
}

/**
 * What other processes have told about their flows, by the records they save every second: figures as they tell them, and
 * series of what changed between two looks. Lanes and happenings stay with the process that runs the flow.
 */
export class RecordBoard implements Board {
  readonly #panels = new Map<string, Panel>()
  readonly #listeners = new Set<(happening: Happening) => void>()
  #sequence = 0

  take(record: RunRecord): void {
    const known = this.#panels.get(record.flow)
    if (known === undefined) {
      this.#panels.set(record.flow, {
        record,
        fine: new Series(1_000, FINE_STEPS),
        coarse: new Series(10_000, COARSE_STEPS),
      })
      return
    }
    // Of several databases one may hold what was told long ago.
    if (record.heartbeatAt <= known.record.heartbeatAt) return
    this.#count(known, record)
    this.#tell(known.record, record)
    known.record = record
  }

  figures(flow: string): FlowFigures | undefined {
    const panel = this.#panels.get(flow)
    return panel && figuresOf(panel)
  }

  series(flow: string, step: SeriesStep, steps?: number): SeriesColumns {
    const panel = this.#panels.get(flow)
    const empty = step === 1_000 ? new Series(1_000, FINE_STEPS) : new Series(10_000, COARSE_STEPS)
    return (
      (step === 1_000 ? panel?.fine : panel?.coarse)?.columns(Date.now(), steps) ?? empty.columns(Date.now(), steps)
    )
  }

  totals(flow: string): FlowTotals {
    const record = this.#panels.get(flow)?.record
    return {
      stored: record?.items ?? 0,
      deadLetters: record?.deadLetters ?? 0,
      held: 0,
      skipped: 0,
      conflicts: record?.conflicts ?? 0,
      retries: record?.retries ?? 0,
      batches: 0,
      busySeconds: 0,
      durations: undefined,
      published: { feeds: 0, rows: 0, bytes: 0 },
    }
  }

  lanes(): readonly LaneFigures[] {
    return []
  }

  happenings(): readonly Happening[] {
    return []
  }

  subscribe(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A new process begins to count anew. */
  #count({ record: before, fine, coarse }: Panel, record: RunRecord): void {
    const same = before.run === record.run
    const grown = (name: 'items' | 'retries' | 'deadLetters'): number =>
      Math.max(0, record[name] - (same ? before[name] : 0))
    const items = grown('items')
    const entry = {
      items,
      lagMs: items > 0 ? record.lagMs : undefined,
      retries: grown('retries'),
      deadLetters: grown('deadLetters'),
    }
    const nowMs = Date.now()
    fine.add(nowMs, entry)
    coarse.add(nowMs, entry)
  }

  #tell(before: RunRecord, record: RunRecord): void {
    if (before.run === record.run && before.state === record.state) return
    const at = record.heartbeatAt
    const failed = record.state === 'failed'
    const happening: Happening = {
      sequence: ++this.#sequence,
      flow: record.flow,
      type: failed ? 'failed' : record.state === 'stopped' ? 'stopped' : 'started',
      level: failed ? 'error' : 'info',
      at,
      lastAt: at,
      message: failed ? `failed: ${record.lastError ?? 'it did not say why'}` : `is ${record.state}`,
      code: undefined,
      lane: undefined,
      times: 1,
    }
    for (const listener of this.#listeners) listener(happening)
  }
}

function figuresOf({ record, fine }: Panel): FlowFigures {
  const recent = fine.columns(Date.now(), RATE_STEPS)
  const { flow, kind, state, startedAt, items, retries, deadLetters, conflicts, lastVerdict, lastError, lease } = record
  return {
    flow,
    kind,
    state,
    startedAt,
    heardAt: record.heartbeatAt,
    items,
    batches: 0,
    itemsPerSecond: Math.round(recent.items.reduce((sum, each) => sum + each, 0) / RATE_STEPS),
    lagMs: record.lagMs,
    lag: undefined,
    retries,
    deadLetters,
    held: 0,
    skipped: 0,
    conflicts,
    caughtUp: false,
    unhealthy: [],
    lastVerdict: lastVerdict === undefined ? undefined : verdictOf(lastVerdict),
    lastNotice: undefined,
    lastError: lastError === undefined ? undefined : { message: lastError, code: undefined, at: undefined },
    exitCode: undefined,
    nextRunAt: record.nextRunAt,
    lastRun: record.lastRun,
    lease,
  }
}

function verdictOf(told: NonNullable<RunRecord['lastVerdict']>): FlowFigures['lastVerdict'] {
  return { ...told, figures: {} }
}
