import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { HeldSnapshot } from '../../core/key-range.js'
import { HeldTransaction } from '../sql/held-transaction.js'
import { importSnapshot } from './digest/read-pass.js'
import type { PostgresHandle } from './handle.js'
import type { Session, TransactionOptions } from './session/session.js'

/** A connection of its own that reads in one snapshot until it is closed. */
export interface Lane {
  readonly transaction: HeldTransaction<Session>
  close(): Promise<void>
}

export interface LaneOptions {
  /** What the connection is called on the server. */
  readonly purpose: string
  /** Of another lane that is open; `undefined`: a new one. */
  readonly snapshot: string | undefined
  /** A statement that sets what the transaction needs. */
  readonly settings: SQL
  readonly signal: AbortSignal
}

export async function openLane(database: PostgresHandle, options: LaneOptions): Promise<Lane> {
  const { purpose, snapshot, settings, signal } = options
  const connection = database.connect(purpose)
  const held: TransactionOptions = {
    isolation: 'repeatable read',
    readOnly: true,
    signal,
    what: 'taking a snapshot',
  }
  try {
    const transaction = await HeldTransaction.open<Session>(
      (work) => connection.transaction(work, held),
      async (session) => {
        if (snapshot !== undefined) await importSnapshot(session, snapshot)
        await session.execute(settings)
      },
    )
    const close = async (): Promise<void> => {
      await transaction.close()
      await connection[Symbol.asyncDispose]()
    }
    return { transaction, close }
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

/** A held snapshot is idle for as long as others read in it. */
const NOT_IDLE = sql`select set_config('idle_in_transaction_session_timeout', '0', true)`

/** See `Database.holdSnapshot`. */
export async function holdSnapshot(database: PostgresHandle, signal: AbortSignal): Promise<HeldSnapshot> {
  const lane = await openLane(database, { purpose: 'snapshot', snapshot: undefined, settings: NOT_IDLE, signal })
  try {
    const name = await lane.transaction.run(exportSnapshot)
    return { name, close: () => lane.close() }
  } catch (error) {
    await lane.close()
    throw error
  }
}

const Exported = z.tuple([z.object({ snapshot: z.string().regex(/^[0-9A-Fa-f-]+$/) })])

/** The name of the lane's snapshot, for other lanes, as long as this one is open. */
export async function exportSnapshot(session: Session): Promise<string> {
  const [{ snapshot }] = Exported.parse(await session.execute(sql`select pg_export_snapshot() as snapshot`))
  return snapshot
}
