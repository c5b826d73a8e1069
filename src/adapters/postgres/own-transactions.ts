import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { ResultRow } from './session/session.js'

/** For the RETURNING list of a statement whose result goes to `announceResult`. */
export const OWN_TRANSACTION = sql`pg_catalog.pg_current_xact_id()::text as own_transaction`

const Returned = z.tuple([z.object({ own_transaction: z.string() })]).rest(z.unknown())

type Listener = (transaction: number, flow: string | undefined) => void

/**
 * The ids of the transactions in which this process itself wrote to a database: rows of a flow, checkpoints, heartbeats.
 * Ledgers listen, so that what we wrote is neither sent back nor taken for a reason to look again.
 */
export class OwnTransactions {
  readonly #listeners = new Set<Listener>()

  /**
   * Called with `pg_current_xact_id()`; for rows before their COMMIT is sent, else they may be read as a change. `flow`
   * wrote rows in it, which other flows of the same table have yet to send; without it there are no rows in it.
   */
  announce(transaction: string, flow?: string): void {
    const id = Number(transaction)
    for (const listener of this.#listeners) listener(id, flow)
  }

  /** For a statement that returned `OWN_TRANSACTION`, in a transaction without rows. */
  announceResult(rows: readonly ResultRow[]): void {
    this.announce(Returned.parse(rows)[0].own_transaction)
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
