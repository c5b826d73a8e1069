import type { FlowEvent } from '../../core/observer.js'
import { type Tally, tally } from '../tally.js'
import type { Board, FlowFigures, SeriesStep } from './flow-figures.js'
import { FlowPanel } from './flow-panel.js'
import { type FlowTotals, TotalsCounter } from './flow-totals.js'
import type { Happening } from './happening.js'
import type { LaneFigures } from './lane-figures.js'
import { Series, type SeriesColumns } from './series.js'

const NO_TOTALS = new TotalsCounter()
const NOTHING = new Series(1_000, 300)
const NOTHING_COARSE = new Series(10_000, 360)

/**
 * Folds the events of flows that run in this process into what the API shows: figures, series, lanes and the last
 * happenings. Its observer is on the hot path and does a fixed amount of work per event; memory is fixed per flow.
 */
export class FlowBoard implements Board {
  readonly #tally: Tally
  readonly #tells: boolean
  readonly #panels = new Map<string, FlowPanel>()
  readonly #listeners = new Set<(happening: Happening) => void>()
  #sequence = 0
  readonly #next = (): number => ++this.#sequence

  /** `counts`: kept by another observer, which is told of each event before this one is. Left out: of its own. */
  constructor(counts?: Tally) {
    this.#tally = counts ?? tally()
    this.#tells = counts === undefined
  }

  /** An observer. */
  readonly observer = (event: FlowEvent, nowMs = Date.now()): void => {
    if (this.#tells) this.#tally.take(event, nowMs)
    const panel = this.#panelOf(event.flow)
    if (event.type === 'batch') {
      panel.batch(event, nowMs)
      return
    }
    panel.take(event, nowMs)
    const happening = panel.happenings.take(event, nowMs, this.#next)
    if (happening === undefined) return
    for (const listener of this.#listeners) listener(happening)
  }

  figures(flow: string): FlowFigures | undefined {
    const found = this.#tally.of(flow)
    return found && this.#panelOf(flow).figures(found, Date.now())
  }

  series(flow: string, step: SeriesStep, steps?: number): SeriesColumns {
    const nothing = step === 1_000 ? NOTHING : NOTHING_COARSE
    return (this.#panels.get(flow)?.series(step) ?? nothing).columns(Date.now(), steps)
  }

  totals(flow: string): FlowTotals {
    return (this.#panels.get(flow)?.totals ?? NO_TOTALS).snapshot()
  }

  lanes(flow: string): readonly LaneFigures[] {
    return this.#panels.get(flow)?.lanes.list() ?? []
  }

  happenings(flow: string): readonly Happening[] {
    return this.#panels.get(flow)?.happenings.list() ?? []
  }

  subscribe(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #panelOf(flow: string): FlowPanel {
    const known = this.#panels.get(flow)
    if (known !== undefined) return known
    const made = new FlowPanel()
    this.#panels.set(flow, made)
    return made
  }
}
