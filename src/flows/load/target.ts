import type { BulkTable } from '../../core/bulk.js'
import { DataError, UnavailableError } from '../../core/errors.js'
import { backOffMs } from '../../engine/retry.js'

const BACK_OFF = { initialMs: 100, maxMs: 2_000, random: Math.random }
/** A table that refuses so many batches in a row has a constraint that random values do not meet. */
const REFUSALS = 5

/** One table of the load, and how it has fared. */
export class Target {
  readonly table: BulkTable
  rows = 0
  errors = 0
  /** Not before this moment of `performance.now()`: it failed a moment ago. */
  notBeforeMs = 0
  #failures = 0
  #empty = 0

  constructor(table: BulkTable) {
    this.table = table
  }

  stored(rows: number): void {
    this.#empty = rows === 0 ? this.#empty + 1 : 0
    if (this.#empty === REFUSALS) throw full(this.table)
    this.rows += rows
    this.#failures = 0
    this.notBeforeMs = 0
  }

  /** Counts an error and says how long to leave the table alone, in ms; throws it when trying again cannot help. */
  failed(error: unknown, nowMs: number): number {
    const transient = error instanceof UnavailableError
    // An equal key by accident is a refusal too, and the next batch has other values.
    const unlucky = error instanceof DataError && this.#empty < REFUSALS && this.#failures + 1 < REFUSALS
    if (!transient && !unlucky) throw error
    this.errors++
    this.#failures++
    const delayMs = transient ? backOffMs(this.#failures, BACK_OFF) : 0
    this.notBeforeMs = nowMs + delayMs
    return delayMs
  }
}

function full(table: BulkTable): DataError {
  const message = `${table.database} ${table.name}: ${REFUSALS} batches in a row met only values that a unique column already holds. Load a table with a wider key.`
  return new DataError('load-table-full', message)
}
