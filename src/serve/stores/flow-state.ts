import { z } from 'zod'
import type { Checkpoint, FlowRun } from '../../client/wire/flow.js'
import type { ConflictEntry } from '../../client/wire/letters.js'
import type { Page } from '../../client/wire/server.js'
import type { Database } from '../../core/database.js'
import { ConfigError } from '../../core/errors.js'
import type { RunRecord } from '../../core/state.js'
import { deadline } from '../../engine/deadline.js'
import { formatCursor, parseCursor } from '../cursor.js'
import { type Desk, STORE_DEADLINE_MS } from '../desk.js'

/** Positions of a ledger may be long, and nobody reads all of one. */
const MAX_POSITION = 2_000

const Place = z.strictObject({ database: z.number().int().min(0), id: z.string(), firstAt: z.iso.datetime() })

/** The newest first, of all databases together. */
export async function runsOf(desk: Desk, flow: string, limit: number): Promise<readonly FlowRun[]> {
  const found = await each(desk, flow, ({ state }) => state.runs.list(flow, limit))
  return found
    .flatMap(({ rows }) => rows)
    .sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
    .slice(0, limit)
    .map(runOf)
}

export async function checkpointsOf(desk: Desk, flow: string): Promise<readonly Checkpoint[]> {
  const found = await each(desk, flow, async ({ state }) => [...(await state.checkpoints.load(flow))])
  return found.flatMap(({ database, rows }) =>
    rows.map(([lane, position]) => ({
      database: database.label,
      lane,
      position: position.slice(0, MAX_POSITION),
      characters: position.length,
    })),
  )
}

/** Answers how many lanes begin anew. */
export async function resetCheckpoints(desk: Desk, flow: string): Promise<number> {
  const found = await each(desk, flow, async ({ state }) => [await state.checkpoints.reset(flow)])
  return found.flatMap(({ rows }) => rows).reduce((sum, lanes) => sum + lanes, 0)
}

/** Newest first within each database, one database after the other. */
export async function conflictsOf(
  desk: Desk,
  flow: string,
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
): Promise<Page<ConflictEntry>> {
  const place = parseCursor(cursor, Place)
  const found: { readonly index: number; readonly entry: ConflictEntry }[] = []
  for (const [index, database] of desk.stateOf(flow).entries()) {
    if (index < (place?.database ?? 0) || found.length > limit) continue
    const after = place !== undefined && place.database === index ? { after: place } : {}
    const list = () => database.state.conflicts.list(flow, { limit: limit + 1 - found.length, ...after })
    const rows = await ask(desk, database, list)
    found.push(...rows.map((row) => ({ index, entry: { ...row, database: database.label } })))
  }
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const more = found.length > limit && last !== undefined
  return {
    items: shown.map(({ entry }) => entry),
    next: more ? formatCursor({ database: last.index, id: last.entry.id, firstAt: last.entry.firstAt }) : null,
  }
}

interface Answer<Row> {
  readonly database: Database
  readonly rows: readonly Row[]
}

function each<Row>(
  desk: Desk,
  flow: string,
  read: (database: Database) => Promise<readonly Row[]>,
): Promise<readonly Answer<Row>[]> {
  return Promise.all(
    desk.stateOf(flow).map(async (database) => ({ database, rows: await ask(desk, database, () => read(database)) })),
  )
}

async function ask<Row>(desk: Desk, { label }: Database, read: () => Promise<readonly Row[]>): Promise<readonly Row[]> {
  try {
    return await deadline({ what: label, ms: STORE_DEADLINE_MS, signal: desk.abort }, read)
  } catch (error) {
    // The state tables are made by the first run.
    if (error instanceof ConfigError && error.code === 'table-missing') return []
    throw error
  }
}

function runOf(record: RunRecord): FlowRun {
  const { lastVerdict, lastRun, lagMs, lastError, nextRunAt } = record
  return {
    run: record.run,
    state: record.state,
    startedAt: record.startedAt,
    heartbeatAt: record.heartbeatAt,
    items: record.items,
    lagMs: lagMs ?? null,
    retries: record.retries,
    deadLetters: record.deadLetters,
    conflicts: record.conflicts,
    lastError: lastError ?? null,
    lastVerdict: lastVerdict ?? null,
    nextRunAt: nextRunAt ?? null,
    lastRun: lastRun === undefined ? null : { ...lastRun, error: lastRun.error ?? null },
    lease: record.lease ?? null,
  }
}
