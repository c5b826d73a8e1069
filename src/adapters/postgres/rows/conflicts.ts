import { z } from 'zod'
import type { WriterOptions } from '../../../core/mirror.js'
import type { Conflict } from '../../../core/state.js'
import type { Row } from '../../../core/table.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import type { ResultRow, Session } from '../session/session.js'
import { parseArrayLiteral } from './array-literal.js'
import type { ColumnarRows } from './columnar.js'
import { readColumnar } from './columnar-sql.js'
import { selectDiffering, updateDiffering, updateOlder } from './writer-sql.js'

/** How many transactions are remembered. */
const REMEMBERED = 4096

/**
 * The last transactions of a table's writers. A row that one of them wrote came from another side. With two sides that is
 * the one the incoming row comes from: the two are successive states of one row, not writes of two sides. With more, a
 * write that lost is recorded on the side where the row that won was written.
 */
export class OwnWrites {
  readonly #ids = new Set<string>()

  /** `transaction`: `pg_current_xact_id()`. */
  add(transaction: string): void {
    this.#ids.add(low32(transaction))
    const [oldest] = this.#ids
    if (this.#ids.size > REMEMBERED && oldest !== undefined) this.#ids.delete(oldest)
  }

  /** `xmin`: of a row. */
  wrote(xmin: string): boolean {
    return this.#ids.has(xmin)
  }

  clear(): void {
    this.#ids.clear()
  }
}

/** A row's xmin has the low 32 bits of the transaction's id. */
function low32(transaction: string): string {
  return String(BigInt.asUintN(32, BigInt(transaction)))
}

/** A batch of which some keys were there already. */
export interface Settlement {
  readonly info: PostgresTableInfo
  readonly options: WriterOptions
  readonly rows: ColumnarRows
  /** The transaction in which it is being written. */
  readonly xid: string
  readonly own: OwnWrites
}

export interface Settled {
  /** To be recorded, in the same transaction. */
  readonly conflicts: readonly Conflict[]
  /** This transaction itself wrote a row from which another of the batch differs: a key came twice. */
  readonly repeated: boolean
}

/** An existing row that differs from the incoming one. */
interface Pair {
  readonly existing: Row
  readonly incoming: Row
  /** The transaction that wrote the existing row, as its xmin. */
  readonly writer: string
  /** The existing row has a newer version than the incoming one. */
  readonly newer: boolean
}

/** Treats the rows whose keys were there already by the rule, and says which of them are conflicts. */
export async function settle(transaction: Session, settlement: Settlement): Promise<Settled> {
  const { info, options, rows, xid } = settlement
  if (options.rule === 'newest') await transaction.execute(updateOlder(info, rows))
  const takes = options.rule === 'take-incoming'
  const [result] = await transaction.execute(selectDiffering(info, rows, takes))
  const pairs = readPairs(info, result)
  if (takes && pairs.length > 0) await transaction.execute(updateDiffering(info, rows))
  const current = low32(xid)
  const met = pairs.filter((pair) => pair.writer !== current)
  const repeated = !takes && pairs.some((pair) => pair.writer === current && !pair.newer)
  return { conflicts: met.flatMap((pair) => conflictOf(settlement, pair)), repeated }
}

function conflictOf({ info, options, own }: Settlement, pair: Pair): readonly Conflict[] {
  const decision = decisionOf(options.rule, pair)
  // What the other side itself replaced meanwhile is no lost write. Where nothing is replaced, the difference stays.
  if (own.wrote(pair.writer) && decision !== 'kept-both' && options.rule !== 'keep-existing') return []
  const { flow } = options
  const { existing, incoming } = pair
  return [{ flow, table: info.schema.name, key: keyOf(info, existing), incoming, existing, decision }]
}

function decisionOf(rule: WriterOptions['rule'], pair: Pair): Conflict['decision'] {
  switch (rule) {
    case 'keep-both':
      return 'kept-both'
    case 'keep-existing':
      return 'kept-existing'
    case 'take-incoming':
      return 'took-incoming'
    case 'newest':
      return pair.newer ? 'kept-existing' : 'kept-both'
  }
}

function keyOf(info: PostgresTableInfo, row: Row): Row {
  return info.schema.key.map((name) => row[info.columns.findIndex((column) => column.name === name)] ?? null)
}

const Text = z.string().nullable()

function readPairs(info: PostgresTableInfo, result: ResultRow | undefined): readonly Pair[] {
  const incoming = [...readColumnar(info.columns, result, 'i')]
  const existing = readColumnar(info.columns, result, 't')
  const writers = parseArrayLiteral(Text.parse(result?.['writers'] ?? null) ?? '{}')
  const newer = parseArrayLiteral(Text.parse(result?.['newer'] ?? null) ?? '{}')
  return [...existing].map((row, index) => ({
    existing: row,
    incoming: incoming[index] ?? [],
    writer: writers[index] ?? '',
    newer: newer[index] === 't',
  }))
}
