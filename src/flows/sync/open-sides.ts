import { assertComparable } from '../../compare/comparable.js'
import type { Database, TableRef, TableUse } from '../../core/database.js'
import { ConfigError, UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import type { MirrorTable } from '../../core/mirror.js'
import { type Bucket, type Table, WHOLE_TABLE } from '../../core/table.js'
import { Health } from '../../engine/health.js'
import { backOffMs, pause } from '../../engine/retry.js'
import { readable } from '../open-table.js'
import { pairsOf } from './settings.js'

const BACK_OFF = { initialMs: 100, maxMs: 5_000, random: Math.random }

export interface Side {
  readonly table: MirrorTable
  readonly database: Database
  /** Of its database: two sides must not lead to one. */
  readonly identity: string
  /** It had no row, of the keys that are looked at, when it was opened. */
  readonly empty: boolean
}

/** Opens all sides, in the columns' order of the first, and makes sure that they can be kept the same. */
export async function openSides(
  refs: readonly TableRef[],
  context: FlowContext,
  use: TableUse,
): Promise<readonly Side[]> {
  const sides = await Promise.all(refs.map((ref) => openSide(ref, context, { use })))
  for (const { left, right } of pairsOf(sides.length)) assertPair(sides[left], sides[right], context.name)
  const columns = sides[0]?.table.schema.columns.map(({ name }) => name) ?? []
  return sides.map((side, place) => (place === 0 ? side : inOrder(side, columns)))
}

interface Opening {
  readonly use: TableUse
  /** Only these keys are of interest. Default: all. */
  readonly within?: readonly Bucket[] | undefined
}

/**
 * Looks a table up. Waits, with red health, for a database that cannot be reached. Throws `ConfigError` for what waiting
 * does not cure.
 */
export async function openSide(ref: TableRef, context: FlowContext, { use, within }: Opening): Promise<Side> {
  const { label } = ref.database
  const health = new Health(context.name, context.observer)
  const signal = AbortSignal.any([context.drain, context.abort])
  for (let attempt = 1; ; attempt++) {
    try {
      const opened = await open(ref, { key: `flows.${context.name}`, use, within: within ?? [WHOLE_TABLE] }, signal)
      health.worked(label, label)
      return opened
    } catch (error) {
      if (!(error instanceof UnavailableError) || signal.aborted) throw error
      health.failed(label, label, error.message)
      const delayMs = backOffMs(attempt, BACK_OFF)
      context.observer({ flow: context.name, type: 'retry', lane: label, attempt, delayMs, error })
      await pause(delayMs, signal)
    }
  }
}

/** Throws `ConfigError` when the two cannot be kept the same, or are one and the same. `flow`: its key in the config. */
export function assertPair(left: Side | undefined, right: Side | undefined, flow: string): void {
  if (left === undefined || right === undefined) throw new RangeError('a pair of sides that are not there')
  const key = `flows.${flow}`
  if (left.identity === right.identity && left.table.schema.name === right.table.schema.name)
    throw sameTable(key, left.table, right.table)
  assertComparable(left.table, right.table, key)
}

export function inOrder(side: Side, columns: readonly string[]): Side {
  return { ...side, table: side.table.ordered(columns) }
}

/** Two sides lead to one table: every row would be a copy of itself. */
function sameTable(key: string, left: Table, right: Table): ConfigError {
  const where = left.label === right.label ? left.label : `${left.label} and ${right.label}`
  return new ConfigError({
    code: 'same-database',
    key: `${key}.between`,
    message: `both sides are one and the same table (${where})`,
    fix: 'name two different databases; two addresses can lead to one server',
  })
}

interface Opened {
  readonly key: string
  readonly use: TableUse
  readonly within: readonly Bucket[]
}

async function open(ref: TableRef, { key, use, within }: Opened, signal: AbortSignal): Promise<Side> {
  const identity = await ref.database.identify(signal)
  if (use === 'mirror' && identity.readOnly) {
    throw new UnavailableError(
      'read-only',
      `${ref.database.label} is a standby or in recovery: nothing can be written to it`,
    )
  }
  const table = await readable(ref, key).open(signal)
  if (!isMirrorTable(table)) {
    throw new ConfigError({
      code: 'cannot-follow',
      key: `${key}.between`,
      message: `changes of a ${ref.database.engine} table cannot be followed`,
      fix: 'use a PostgreSQL database on every side',
    })
  }
  if (use === 'mirror') await ref.database.state.prepare(signal)
  return { table, database: ref.database, identity: identity.id, empty: await isEmpty(table, within, signal) }
}

async function isEmpty(table: Table, within: readonly Bucket[], signal: AbortSignal): Promise<boolean> {
  for await (const rows of table.scan(within, signal)) if (rows.length > 0) return false
  return true
}

function isMirrorTable(table: Table): table is MirrorTable {
  return 'changes' in table && 'writer' in table
}
