import { LockstepError } from '../../core/errors.js'
import type { LoadEvent } from '../../flows/load/load-tables.js'
import type { LoadView } from '../render/load-view.js'

/** Rates are taken over so long. */
const WINDOW_MS = 3_000

/** Adds up the events of a load. */
export class LoadMeter {
  readonly #startMs = performance.now()
  readonly #rows = new Map<string, number>()
  readonly #failing = new Map<string, string>()
  #samples: { readonly atMs: number; readonly rows: number }[] = []
  #total = 0
  #errors = 0

  constructor(databases: readonly string[]) {
    for (const database of databases) this.#rows.set(database, 0)
  }

  /** An observer of `loadTables`. */
  take(event: LoadEvent): void {
    if (event.type === 'retry') {
      this.#errors++
      this.#failing.set(event.database, reasonOf(event.error))
      return
    }
    this.#total += event.rows
    this.#rows.set(event.database, (this.#rows.get(event.database) ?? 0) + event.rows)
    this.#failing.delete(event.database)
  }

  /** How it stands now. The rate is of the time since the first look, of the last seconds at most. */
  look(): LoadView {
    const atMs = performance.now()
    this.#samples = [...this.#samples.filter((sample) => atMs - sample.atMs < WINDOW_MS), { atMs, rows: this.#total }]
    const first = this.#samples.length > 1 ? this.#samples[0] : { atMs: this.#startMs, rows: 0 }
    const seconds = (atMs - (first?.atMs ?? atMs)) / 1000
    return {
      elapsedMs: atMs - this.#startMs,
      rows: this.#total,
      rowsPerSecond: seconds > 0 ? Math.round((this.#total - (first?.rows ?? 0)) / seconds) : 0,
      errors: this.#errors,
      perDatabase: [...this.#rows].map(([database, rows]) => ({ database, rows })),
      failing: [...this.#failing].map(([database, reason]) => ({ database, reason })),
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof LockstepError ? error.code : 'unexpected'
}
