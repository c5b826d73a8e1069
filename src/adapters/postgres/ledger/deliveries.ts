import type { Batch, Lane, Position } from '../../../core/batch.js'
import type { Row } from '../../../core/table.js'
import type { ColumnarRows } from '../rows/columnar.js'
import { Wakeup } from './wakeup.js'

/** Batches of a lane that may wait to be written: one under way and one read ahead. */
const AHEAD = 2

/** The batches that were handed out and not yet acknowledged. */
export class Deliveries {
  readonly #pending = new Map<Batch<Row>, readonly number[]>()
  readonly #acknowledged = new Wakeup()
  #newest = 0

  /** The newest transaction of which rows are acknowledged; 0 before the first. */
  get newest(): number {
    return this.#newest
  }

  /** A batch of rows written by `xids`; it counts as pending from now on. */
  batch(lane: Lane, rows: ColumnarRows, about: { xids: readonly number[]; unseenAt: number | undefined }): Batch<Row> {
    const batch: Batch<Row> = {
      lane,
      position: undefined,
      items: rows,
      ...(about.unseenAt === undefined ? {} : { unseenAt: about.unseenAt }),
    }
    this.#pending.set(batch, about.xids)
    return batch
  }

  /** A batch without rows, to save a position. */
  position(lane: Lane, position: Position): Batch<Row> {
    return { lane, position, items: [] }
  }

  acknowledge(batch: Batch<Row>): void {
    const xids = this.#pending.get(batch)
    if (xids === undefined) return
    this.#pending.delete(batch)
    for (const xid of xids) this.#newest = Math.max(this.#newest, xid)
    this.#acknowledged.wake()
  }

  /** Resolves when the lane may read ahead, or on abort. */
  async room(lane: Lane, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && [...this.#pending.keys()].filter((batch) => batch.lane === lane).length >= AHEAD) {
      await this.#acknowledged.pause(signal)
    }
  }

  /** Resolves when everything pending at the time of the call is acknowledged, or on abort. */
  async settled(signal: AbortSignal): Promise<void> {
    const now = [...this.#pending.keys()]
    while (!signal.aborted && now.some((batch) => this.#pending.has(batch))) await this.#acknowledged.pause(signal)
  }

  /** Transactions with rows that are not acknowledged. */
  pendingXids(): ReadonlySet<number> {
    return new Set([...this.#pending.values()].flat())
  }

  /** Forgets what is pending: it will be read again. Returns the transactions concerned. */
  abandon(): ReadonlySet<number> {
    const xids = this.pendingXids()
    this.#pending.clear()
    this.#acknowledged.wake()
    return xids
  }
}
