import { assertComparable } from '../../compare/comparable.js'
import type { TableRef, TableUse } from '../../core/database.js'
import { ConfigError, UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import type { MirrorTable } from '../../core/mirror.js'
import { type Table, WHOLE_TABLE } from '../../core/table.js'
import { Health } from '../../engine/health.js'
import { backOffMs, pause } from '../../engine/retry.js'
import { readable } from '../open-table.js'
import type { SyncSettings } from './settings.js'

const BACK_OFF = { initialMs: 100, maxMs: 5_000, random: Math.random }

export interface Side {
  readonly table: MirrorTable
  /** It had no row when it was opened. */
  readonly empty: boolean
}

export interface Sides {
  readonly left: Side
  readonly right: Side
}

/**
 * Looks both tables up and makes sure that they can be kept the same. Waits, with red health, for a database that cannot
 * be reached. Throws `ConfigError` for what waiting does not cure.
 */
export async function openSides(settings: SyncSettings, context: FlowContext, use: TableUse): Promise<Sides> {
  const health = new Health(context.name, context.observer)
  const [left, right] = await Promise.all([
    openPatiently(settings.left, { context, health, use }),
    openPatiently(settings.right, { context, health, use }),
  ])
  const key = `flows.${context.name}`
  if (left.identity === right.identity && left.table.schema.name === right.table.schema.name)
    throw sameTable(key, left.table, right.table)
  assertComparable(left.table, right.table, key)
  const columns = left.table.schema.columns.map((column) => column.name)
  return { left, right: { ...right, table: right.table.ordered(columns) } }
}

/** Both sides lead to one table: every row would be a copy of itself. */
function sameTable(key: string, left: Table, right: Table): ConfigError {
  const where = left.label === right.label ? left.label : `${left.label} and ${right.label}`
  return new ConfigError({
    code: 'same-database',
    key: `${key}.between`,
    message: `both sides are one and the same table (${where})`,
    fix: 'name two different databases; two addresses can lead to one server',
  })
}

interface Opened extends Side {
  readonly identity: string
}

interface Opening {
  readonly context: FlowContext
  readonly health: Health
  readonly use: TableUse
}

async function openPatiently(ref: TableRef, { context, health, use }: Opening): Promise<Opened> {
  const { label } = ref.database
  const signal = AbortSignal.any([context.drain, context.abort])
  for (let attempt = 1; ; attempt++) {
    try {
      const opened = await open(ref, { key: `flows.${context.name}`, use }, signal)
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

async function open(ref: TableRef, { key, use }: { key: string; use: TableUse }, signal: AbortSignal): Promise<Opened> {
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
      fix: 'use a PostgreSQL database on both sides',
    })
  }
  if (use === 'mirror') await ref.database.state.prepare(signal)
  return { table, identity: identity.id, empty: await isEmpty(table, signal) }
}

async function isEmpty(table: Table, signal: AbortSignal): Promise<boolean> {
  for await (const rows of table.scan([WHOLE_TABLE], signal)) if (rows.length > 0) return false
  return true
}

function isMirrorTable(table: Table): table is MirrorTable {
  return 'changes' in table && 'writer' in table
}
