import { z } from 'zod'
import type { LagProbe } from './lag-probe.js'
import type { Oracle } from './oracle.js'
import type { Sides } from './sides.js'
import type { SyncFigures } from './sync-view.js'

/** A log line of `lockstep load`; other fields are of no interest here. */
const LoadLine = z.object({
  rows: z.number(),
  rowsPerSecond: z.number(),
  perDatabase: z.array(z.object({ rows: z.number() })),
})

const LOOK_EVERY_MS = 250
/** The servers' statistics move once a second; the rate is taken over longer. */
const WINDOW_MS = 2_500

/**
 * Follows a round from outside, at no cost to the servers: the load's own log, the servers' statistics, the lag probe.
 * The figures are for the eye; the verdict is made of exact ones.
 */
export class SyncMeter {
  readonly #oracles: Sides<Oracle>
  readonly #base: Sides<number>
  readonly #probe: LagProbe
  readonly #wanted: number | undefined
  readonly #timer: NodeJS.Timeout
  #load: z.infer<typeof LoadLine> = { rows: 0, rowsPerSecond: 0, perDatabase: [] }
  #rows: { left: number; right: number }
  #copied: { readonly atMs: number; readonly rows: number }[] = []
  /** Resolves when the load has put in its first rows. */
  readonly loading: Promise<void>
  #begin = (): void => undefined
  #phase: SyncFigures['phase'] = 'loading'

  /** `base`: the rows of each side before the round. */
  constructor(oracles: Sides<Oracle>, base: Sides<number>, round: { probe: LagProbe; wanted: number | undefined }) {
    this.#oracles = oracles
    this.#base = base
    this.#rows = { ...base }
    this.#probe = round.probe
    this.#wanted = round.wanted
    this.loading = new Promise((resolve) => {
      this.#begin = resolve
    })
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS)
  }

  /** A line of the load's log. */
  takeLoadLine(line: string): void {
    const parsed = LoadLine.safeParse(jsonOf(line))
    if (!parsed.success) return
    this.#load = parsed.data
    if (parsed.data.rows > 0) this.#begin()
  }

  /** The load has ended with so many rows. */
  loadEnded(rows: number): void {
    this.#phase = 'catching up'
    this.#load = { ...this.#load, rows }
  }

  /** Exact counts, when somebody has them. */
  takeCounts({ left, right }: Sides<number>): void {
    this.#rows = { left, right }
  }

  figures(): SyncFigures {
    const done = this.#phase !== 'loading'
    return {
      ...this.#rows,
      loaded: this.#load.rows,
      wanted: this.#wanted,
      loadRowsPerSecond: done ? 0 : this.#load.rowsPerSecond,
      syncRowsPerSecond: this.#syncRate(),
      lagP50Ms: this.#probe.percentileMs(0.5),
      lagP99Ms: this.#probe.percentileMs(0.99),
      phase: this.#phase,
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const sides = ['left', 'right'] as const
    try {
      const counts = await Promise.all(sides.map((side) => this.#oracles[side].estimate()))
      sides.forEach((side, index) => {
        // The statistics may be behind what the load has said it wrote; a count that steps back would only confuse.
        const least = this.#base[side] + (this.#load.perDatabase[index]?.rows ?? 0)
        this.#rows[side] = Math.max(this.#rows[side], counts[index] ?? 0, least)
      })
    } catch {
      // A server that is away: the round itself will say so.
    }
    const atMs = performance.now()
    const written = this.#base.left + this.#base.right + this.#load.rows + this.#probe.rows
    const rows = Math.max(0, this.#rows.left + this.#rows.right - written)
    this.#copied = [...this.#copied.filter((sample) => atMs - sample.atMs < WINDOW_MS), { atMs, rows }]
  }

  #syncRate(): number {
    const first = this.#copied[0]
    const last = this.#copied.at(-1)
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0
    return Math.max(0, Math.round((last.rows - first.rows) / ((last.atMs - first.atMs) / 1000)))
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
