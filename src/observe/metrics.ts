import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { ConnectionFigures } from '../core/connection-figures.js'
import type { Board, FlowFigures } from './board/flow-figures.js'
import type { FlowTotals } from './board/flow-totals.js'
import { durationText } from './duration-text.js'

export interface MetricsOptions {
  readonly version: string
  readonly flows: readonly { readonly name: string; readonly kind: string }[]
  readonly board: Board
  /** What the stores of a flow hold, as known last; `null`: not known. */
  stored(flow: string): { readonly deadLetters: number; readonly held: number; readonly conflicts: number } | null
  /** Nothing was heard of its process although it should run. */
  stale(flow: string): boolean
  /** Connections of each database, by its label, where it tells. */
  connections(): ReadonlyMap<string, ConnectionFigures>
}

const STATES = ['running', 'standby', 'scheduled', 'draining', 'paused', 'stopped', 'failed', 'never-run'] as const
/** Figures of a verdict that count what was found. */
const FINDINGS = ['missingLeft', 'missingRight', 'changed', 'copies', 'unstable', 'mismatch', 'unreferenced', 'orphan']

/** Metrics of flows, made of their board when somebody asks: flows pay nothing for them. */
export class FlowMetrics {
  readonly #registry = new Registry()
  readonly #options: MetricsOptions

  constructor(options: MetricsOptions) {
    this.#options = options
    collectDefaultMetrics({ register: this.#registry })
    this.#counters()
    this.#gauges()
    this.#findings()
    this.#connections()
    const registers = [this.#registry]
    new Gauge({ name: 'lockstep_build_info', help: 'Version of lockstep.', labelNames: ['version'], registers })
      .labels(options.version)
      .set(1)
  }

  /** The text format of Prometheus. */
  async text(): Promise<string> {
    const { flows, board } = this.#options
    const durations = durationText(flows.map(({ name }) => ({ name, totals: board.totals(name) })))
    return `${await this.#registry.metrics()}\n${durations}`
  }

  #each<Result>(make: (name: string) => Result): readonly Result[] {
    return this.#options.flows.map(({ name }) => make(name))
  }

  #counters(): void {
    const { board } = this.#options
    const records = this.#counter(
      'lockstep_records_total',
      'Records by what became of them.',
      ['flow', 'outcome'],
      () => {
        for (const [flow, totals] of this.#each((name) => [name, board.totals(name)] as const)) {
          records.inc({ flow, outcome: 'stored' }, totals.stored)
          records.inc({ flow, outcome: 'dead_letter' }, totals.deadLetters)
          records.inc({ flow, outcome: 'held' }, totals.held)
          records.inc({ flow, outcome: 'skipped' }, totals.skipped)
        }
      },
    )
    this.#total('lockstep_retries_total', 'Tries that failed and were repeated.', (totals) => totals.retries)
    this.#total(
      'lockstep_conflicts_total',
      'Rows that differed on the two sides of a sync.',
      (totals) => totals.conflicts,
    )
    this.#total('lockstep_feeds_published_total', 'Feeds that were published.', (totals) => totals.published.feeds)
    this.#total('lockstep_feed_rows_total', 'Rows of published feeds.', (totals) => totals.published.rows)
    this.#total('lockstep_feed_bytes_total', 'Bytes of published feeds, as stored.', (totals) => totals.published.bytes)
  }

  #total(name: string, help: string, of: (totals: FlowTotals) => number): void {
    const counter = this.#counter(name, help, ['flow'], () => {
      for (const { name: flow } of this.#options.flows) counter.inc({ flow }, of(this.#options.board.totals(flow)))
    })
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[], fill: () => void): Counter<Label> {
    const counter: Counter<Label> = new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        counter.reset()
        fill()
      },
    })
    return counter
  }

  #gauges(): void {
    const { board, stored, stale } = this.#options
    const figure = (name: string, help: string, of: (figures: FlowFigures) => number | undefined): void => {
      const gauge = this.#gauge(name, help, ['flow'], () => {
        for (const { name: flow } of this.#options.flows) {
          const figures = board.figures(flow)
          const value = figures === undefined ? undefined : of(figures)
          if (value !== undefined) gauge.set({ flow }, value)
        }
      })
    }
    figure('lockstep_lag_seconds', 'Greatest lag of the last ten seconds, an upper bound.', ({ lagMs }) =>
      seconds(lagMs),
    )
    figure('lockstep_unhealthy', 'How many things a flow needs do not work now.', ({ unhealthy }) => unhealthy.length)
    figure('lockstep_start_time_seconds', 'When the flow was started, since 1970.', ({ startedAt }) =>
      moment(startedAt),
    )
    figure('lockstep_next_run_time_seconds', 'When a flow with a schedule is due, since 1970.', ({ nextRunAt }) =>
      moment(nextRunAt),
    )
    figure('lockstep_last_run_end_time_seconds', 'When a run by schedule ended last, since 1970.', ({ lastRun }) =>
      moment(lastRun?.endedAt),
    )
    figure('lockstep_last_run_exit_code', 'Exit code of the last run by schedule.', ({ lastRun }) => lastRun?.exitCode)
    const states = this.#gauge(
      'lockstep_flow_state',
      '1 for the state a flow is in.',
      ['flow', 'kind', 'state'],
      () => {
        for (const { name: flow, kind } of this.#options.flows) {
          const now = board.figures(flow)?.state ?? 'never-run'
          for (const state of STATES) states.set({ flow, kind, state }, state === now ? 1 : 0)
        }
      },
    )
    const silent = this.#gauge('lockstep_flow_stale', '1: nothing is heard of the process of a flow.', ['flow'], () => {
      for (const { name: flow } of this.#options.flows) silent.set({ flow }, stale(flow) ? 1 : 0)
    })
    const letters = this.#gauge('lockstep_dead_letters', 'Dead letters in their stores now.', ['flow', 'state'], () => {
      for (const { name: flow } of this.#options.flows) {
        const counts = stored(flow)
        if (counts === null) continue
        letters.set({ flow, state: 'dead' }, counts.deadLetters)
        letters.set({ flow, state: 'held' }, counts.held)
      }
    })
  }

  #findings(): void {
    const { board, flows } = this.#options
    const findings = this.#gauge(
      'lockstep_check_findings',
      'What the last comparison found, by kind.',
      ['flow', 'kind'],
      () => {
        for (const { name: flow } of flows) {
          const figures = board.figures(flow)?.lastVerdict?.figures ?? {}
          for (const kind of FINDINGS) {
            const value = figures[kind]
            if (value !== undefined) findings.set({ flow, kind }, value)
          }
        }
      },
    )
    const verdicts = this.#gauge(
      'lockstep_check_verdict',
      '1 for the verdict of the last comparison.',
      ['flow', 'verdict'],
      () => {
        for (const { name: flow } of flows) {
          const now = board.figures(flow)?.lastVerdict?.verdict
          if (now === undefined) continue
          for (const verdict of ['same', 'different', 'unverified'])
            verdicts.set({ flow, verdict }, verdict === now ? 1 : 0)
        }
      },
    )
  }

  #connections(): void {
    const { connections } = this.#options
    const pool = this.#gauge('lockstep_pool_connections', 'Connections to a database.', ['database', 'state'], () => {
      for (const [database, { open, used }] of connections()) {
        pool.set({ database, state: 'used' }, used)
        pool.set({ database, state: 'idle' }, open - used)
      }
    })
    const waiting = this.#gauge('lockstep_pool_waiting', 'Callers that wait for a connection.', ['database'], () => {
      for (const [database, figures] of connections()) waiting.set({ database }, figures.waiting)
    })
    const oldest = this.#gauge(
      'lockstep_oldest_transaction_seconds',
      'For how long the oldest transaction of this process has been open, its connection taken for it.',
      ['database'],
      () => {
        for (const [database, { oldestUseMs }] of connections()) oldest.set({ database }, oldestUseMs / 1_000)
      },
    )
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[], fill: () => void): Gauge<Label> {
    const gauge: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        gauge.reset()
        fill()
      },
    })
    return gauge
  }
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000
}

function moment(iso: string | undefined): number | undefined {
  return iso === undefined ? undefined : Date.parse(iso) / 1_000
}
