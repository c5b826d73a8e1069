import type { FlowTally } from '../tally.js'
import type { FlowTotals } from './flow-totals.js'
import type { Happening } from './happening.js'
import type { LaneFigures } from './lane-figures.js'
import type { SeriesColumns } from './series.js'

/** How a flow stands, whoever runs it. Times are ISO 8601, UTC. */
export interface FlowFigures extends Omit<FlowTally, 'unhealthy' | 'lastError' | 'lastNotice' | 'lagMs'> {
  /** When its process was last heard of. */
  readonly heardAt: string
  /** The greatest lag of the last ten seconds; `undefined` when nothing was stored in them. */
  readonly lagMs: number | undefined
  /** Since the start. */
  readonly lag: { readonly p50: number; readonly p99: number; readonly max: number } | undefined
  readonly unhealthy: readonly {
    readonly subject: string
    readonly reason: string | undefined
    readonly since: string
  }[]
  readonly lastError:
    | { readonly message: string; readonly code: string | undefined; readonly at: string | undefined }
    | undefined
  readonly lastNotice:
    | { readonly level: string; readonly code: string; readonly message: string; readonly at: string }
    | undefined
}

export const SERIES_STEPS = [1_000, 10_000] as const
export type SeriesStep = (typeof SERIES_STEPS)[number]

/** Where the figures of flows are read: of this process, or of what other processes have told. */
export interface Board {
  /** `undefined`: never heard of. */
  figures(flow: string): FlowFigures | undefined
  /** 300 steps of 1 s, or 360 of 10 s. */
  series(flow: string, step: SeriesStep, steps?: number): SeriesColumns
  totals(flow: string): FlowTotals
  lanes(flow: string): readonly LaneFigures[]
  /** Newest first; bounded. */
  happenings(flow: string): readonly Happening[]
  /** Called with each happening that is new; answers how to stop it. */
  subscribe(listener: (happening: Happening) => void): () => void
}
