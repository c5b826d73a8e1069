import type { Exclusions, Poll } from '../../../../src/adapters/postgres/ledger/ledger.js'
import { parseSnapshot, shortXid } from '../../../../src/adapters/postgres/ledger/snapshot.js'

/** Page numbers between two pages of the simulated table, so that few of them make many pieces. */
export const SPREAD = 1_000

/** Just below where the 32 bits of a row's xmin start over. */
const FIRST_XID = 3 * 2 ** 32 - 20

export interface Tuple {
  readonly xid: number
  readonly key: string
  /** Written by the tool itself: it came from the other side. */
  readonly own: boolean
  /** End of its record in the log. */
  readonly written: number
  deleted: boolean
}

export interface Placed {
  readonly page: number
  readonly slot: number
  readonly tuple: Tuple
}

/** One of a transaction's nested levels; `xid` is given out with its first row. */
interface Level {
  xid: number | undefined
  readonly released: number[]
}

export interface Transaction {
  readonly own: boolean
  readonly levels: Level[]
}

/** Where a backend puts its next row: `a` and `b` choose among what is possible. */
export interface Placement {
  readonly how: 'last' | 'free' | 'extend' | 'bulk'
  readonly pick: number
}

interface LogRecord {
  readonly at: number
  readonly kind: 'row' | 'commit' | 'abort'
  readonly xids: readonly number[]
}

export interface PageRead {
  readonly floor: number
  /** Rows of this transaction and younger ones are left out. */
  readonly below: number | undefined
  readonly exclude: Exclusions
  /** Lowest page, or page and slot after which to go on. */
  readonly from: number | { readonly page: number; readonly slot: number }
  readonly to: number | undefined
}

/**
 * A table of a PostgreSQL server, as far as the ledger can tell: pages, row versions, transactions, snapshots, the log
 * and what a crash leaves of all that. After the sources of PostgreSQL 14 to 18; it shares no code with the ledger but
 * the arithmetic of transaction ids, which has tests of its own.
 */
export class SimulatedServer {
  readonly #capacity: number
  #pages: (Tuple | undefined)[][] = []
  #filenode = 1
  #nextXid = FIRST_XID
  #latestCompleted = FIRST_XID - 1
  #running = new Set<Transaction>()
  #committed = new Set<number>()
  #aborted = new Set<number>()
  #log: LogRecord[] = []
  #written = 0
  #flushed = 0
  #keys = 0
  /** By backend: the page it used last. */
  readonly #lastPages = new Map<number, number>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get filenode(): string {
    return String(this.#filenode)
  }

  get pageCount(): number {
    return this.#pages.length
  }

  begin(own: boolean): Transaction {
    const transaction: Transaction = { own, levels: [{ xid: undefined, released: [] }] }
    this.#running.add(transaction)
    return transaction
  }

  isRunning(transaction: Transaction): boolean {
    return this.#running.has(transaction)
  }

  /** Ids are given out from the outside in, as PostgreSQL does. */
  assign(transaction: Transaction): number {
    let innermost = 0
    for (const level of transaction.levels) {
      level.xid ??= this.#nextXid++
      innermost = level.xid
    }
    return innermost
  }

  insert(transaction: Transaction, backend: number, placement: Placement): void {
    const xid = this.assign(transaction)
    const page = this.#place(backend, placement)
    this.#lastPages.set(backend, page)
    const slots = this.#pages[page] ?? []
    const free = slots.indexOf(undefined)
    const written = this.#append('row', [xid])
    const key = `k${this.#keys++}`
    slots[free === -1 ? slots.length : free] = { xid, key, own: transaction.own, written, deleted: false }
  }

  savepoint(transaction: Transaction): void {
    transaction.levels.push({ xid: undefined, released: [] })
  }

  release(transaction: Transaction): void {
    if (transaction.levels.length === 1) return
    const level = transaction.levels.pop()
    if (level !== undefined) transaction.levels.at(-1)?.released.push(...idsOf(level))
  }

  rollBackTo(transaction: Transaction): void {
    if (transaction.levels.length === 1) return
    const level = transaction.levels.pop()
    if (level !== undefined) this.#abort(idsOf(level))
  }

  commit(transaction: Transaction, synchronous: boolean): void {
    if (!this.#running.has(transaction)) return
    const xids = transaction.levels.flatMap(idsOf)
    if (xids.length > 0) {
      const at = this.#append('commit', xids)
      if (synchronous) this.flush(at)
    }
    for (const xid of xids) this.#committed.add(xid)
    this.#complete(xids)
    this.#running.delete(transaction)
  }

  rollBack(transaction: Transaction): void {
    if (!this.#running.delete(transaction)) return
    this.#abort(transaction.levels.flatMap(idsOf))
  }

  deleteOne(pick: number): void {
    const victim = chosen(this.visible(), pick)
    if (victim === undefined) return
    victim.tuple.deleted = true
    this.#utility()
  }

  /** Frees what aborted and deleted rows took; `shorten` gives empty pages at the end back. */
  vacuum(shorten: boolean): void {
    for (const slots of this.#pages)
      for (const [slot, tuple] of slots.entries())
        if (tuple !== undefined && (tuple.deleted || this.#aborted.has(tuple.xid))) slots[slot] = undefined
    if (!shorten) return
    while (this.#pages.at(-1)?.every((tuple) => tuple === undefined)) this.#pages.pop()
    this.flush()
  }

  /** VACUUM FULL, or CLUSTER when `reverse`: the rows keep their ids and move. It waits for those who use the table. */
  rewrite(reverse: boolean): void {
    if (this.#inUse()) return
    const rows = this.visible().map(({ tuple }) => tuple)
    if (reverse) rows.reverse()
    this.#newFile()
    for (let at = 0; at < rows.length; at += this.#capacity) this.#pages.push(rows.slice(at, at + this.#capacity))
  }

  truncate(): void {
    if (!this.#inUse()) this.#newFile()
  }

  flush(to: number = this.#written): void {
    this.#flushed = Math.max(this.#flushed, Math.min(to, this.#written))
  }

  /** Flushes the first half of what is not flushed, as a background writer may. */
  flushSome(): void {
    this.flush(Math.ceil((this.#flushed + this.#written) / 2))
  }

  /** SIGKILL and recovery: what the log on disk does not tell never happened, and its ids are given out again. */
  crash(): void {
    this.#log = this.#log.filter((record) => record.at <= this.#flushed)
    this.#written = this.#flushed
    this.#pages = this.#pages.map((slots) =>
      slots.map((tuple) => (tuple !== undefined && tuple.written <= this.#flushed ? tuple : undefined)),
    )
    this.#running.clear()
    this.#lastPages.clear()
    const known = new Set(this.#log.flatMap((record) => record.xids))
    this.#committed = new Set(this.#log.flatMap((record) => (record.kind === 'commit' ? record.xids : [])))
    this.#aborted = new Set([...known].filter((xid) => !this.#committed.has(xid)))
    this.#nextXid = Math.max(FIRST_XID - 1, ...known) + 1
    this.#latestCompleted = this.#nextXid - 1
  }

  poll(): Poll {
    const xmax = this.#latestCompleted + 1
    const open = [...this.#running]
      .map((transaction) => transaction.levels[0]?.xid ?? Number.POSITIVE_INFINITY)
      .filter((xid) => xid < xmax)
      .sort((left, right) => left - right)
    const last = this.#pages.length - 1
    return {
      snapshot: parseSnapshot(`${open[0] ?? xmax}:${xmax}:${open.join(',')}`),
      pages: last < 0 ? 0 : last * SPREAD + 1,
      filenode: this.filenode,
      toastBytes: 0,
      written: BigInt(this.#written),
      flushed: BigInt(this.#flushed),
    }
  }

  /** The rows that the statement of read.ts would find, in the order of their places. */
  read({ floor, below, exclude, from, to }: PageRead): readonly Placed[] {
    const age = (xid: number): number => (shortXid(this.#nextXid) - shortXid(xid)) | 0
    const delivered = new Map<number, number>()
    for (const [index, xid] of exclude.xids.entries()) delivered.set(shortXid(xid), exclude.pages[index] ?? 0)
    const oldest = age(floor)
    const youngest = below === undefined ? 0 : age(below) + 1
    return this.visible()
      .map(({ page, slot, tuple }) => ({ page: page * SPREAD, slot, tuple }))
      .filter(({ page, slot, tuple }) => {
        if (to !== undefined && page >= to) return false
        if (typeof from === 'number' ? page < from : page < from.page || (page === from.page && slot <= from.slot))
          return false
        const years = age(tuple.xid)
        if (years < youngest || years > oldest) return false
        return page < (delivered.get(shortXid(tuple.xid)) ?? Number.POSITIVE_INFINITY)
      })
  }

  /** Rows that any new statement sees. */
  visible(): readonly Placed[] {
    return this.#pages.flatMap((slots, page) =>
      slots.flatMap((tuple, slot) =>
        tuple !== undefined && !tuple.deleted && this.#committed.has(tuple.xid) ? [{ page, slot, tuple }] : [],
      ),
    )
  }

  #place(backend: number, { how, pick }: Placement): number {
    const last = this.#lastPages.get(backend)
    if (how === 'last' && last !== undefined && this.#hasRoom(last)) return last
    const free = this.#pages.flatMap((_, page) => (this.#hasRoom(page) ? [page] : []))
    if (how === 'free' && free.length > 0) return chosen(free, pick) ?? 0
    const first = this.#pages.length
    const added = how === 'bulk' ? 3 : 1
    for (let count = 0; count < added; count++) this.#pages.push([])
    return first + (pick % added)
  }

  #hasRoom(page: number): boolean {
    const slots = this.#pages[page]
    return slots !== undefined && (slots.length < this.#capacity || slots.includes(undefined))
  }

  #inUse(): boolean {
    return [...this.#running].some((transaction) => transaction.levels.flatMap(idsOf).length > 0)
  }

  #newFile(): void {
    this.#pages = []
    this.#lastPages.clear()
    this.#filenode++
    this.#utility()
  }

  /** A transaction that ends at once and is on disk. */
  #utility(): void {
    const xid = this.#nextXid++
    this.#append('commit', [xid])
    this.#committed.add(xid)
    this.#complete([xid])
    this.flush()
  }

  #abort(xids: readonly number[]): void {
    if (xids.length === 0) return
    this.#append('abort', xids)
    for (const xid of xids) this.#aborted.add(xid)
    this.#complete(xids)
  }

  #complete(xids: readonly number[]): void {
    this.#latestCompleted = Math.max(this.#latestCompleted, ...xids)
  }

  #append(kind: LogRecord['kind'], xids: readonly number[]): number {
    this.#written++
    this.#log.push({ at: this.#written, kind, xids })
    return this.#written
  }
}

function idsOf(level: Level): number[] {
  return level.xid === undefined ? level.released : [level.xid, ...level.released]
}

/** The one that a number chosen at random means. */
export function chosen<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items.length === 0 ? undefined : items[pick % items.length]
}
