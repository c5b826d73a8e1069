import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type HostileOptions, type HostileResult, startHostileWriters } from '../support/hostile-run.js'
import { acknowledgedMinusStored, tablesIdentical } from '../support/oracle.js'
import { startAfresh } from '../support/sql.js'
import { type SyncRunOptions, type SyncSides, startSync } from '../support/sync-run.js'

/** What the writers write to. */
export interface HostileTable {
  readonly name: string
  readonly create: string
  readonly sync?: SyncRunOptions
  readonly updates?: boolean
}

export const HOSTILE_TABLES: readonly HostileTable[] = [
  { name: 'two columns', create: 'create table records (id uuid primary key, value text)' },
  {
    name: 'a sequence with CACHE 50 and old ids that come late',
    create: `create sequence ids cache 50;
      create table records (key uuid primary key, value text, id bigint not null default nextval('ids'));
      create index on records (id)`,
  },
  {
    name: 'a version column and updates',
    create: 'create table records (id uuid primary key, value text, version bigint not null default 1)',
    sync: { version: 'version' },
    updates: true,
  },
]

export interface HostileTurn {
  readonly seconds: number
  readonly seed: number
  readonly disturb?: HostileOptions['disturb']
}

/** How long the tables may differ once the writers have ended. */
const CATCH_UP_MS = 30_000

/**
 * Twelve hostile writers on both sides of a running sync. The tables begin empty and are compared only then, so nothing
 * but the ledger brings the rows across.
 */
export async function syncUnderHostileWriters(
  sides: SyncSides,
  { create, sync: options = {}, updates = false }: HostileTable,
  { seconds, seed, disturb = ['vacuum', 'vacuum-full', 'cluster'] }: HostileTurn,
): Promise<HostileResult> {
  await startAfresh(sides, create)
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-hostile-'))
  try {
    await using sync = startSync(sides, options)
    await sync.compared()
    const acknowledged = join(folder, 'acknowledged')
    await using hostile = startHostileWriters({
      ...{ ...sides, table: 'records', seconds, seed, updates, disturb, openElsewhere: true, acknowledged },
    })
    const result = await Promise.race([hostile.result, sync.ended.then(() => Promise.reject(new Error('it ended')))])
    await expect
      .poll(() => tablesIdentical(sides.a, sides.b, 'records'), { timeout: CATCH_UP_MS, interval: 250 })
      .toMatchObject({ identical: true, sample: [] })
    expect(await acknowledgedMinusStored(acknowledged, sides.a, 'records')).toEqual([])
    expect(await acknowledgedMinusStored(acknowledged, sides.b, 'records')).toEqual([])
    const { a } = await tablesIdentical(sides.a, sides.b, 'records')
    expect(result.a.inDoubt + result.b.inDoubt).toBe(0)
    expect(a.rows).toBe(result.a.acknowledged + result.b.acknowledged)
    expect(sync.of('verdict')).toHaveLength(1)
    expect(sync.of('dead-letters')).toEqual([])
    if (!updates) expect(sync.of('conflicts')).toEqual([])
    await sync.drain()
    return result
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
