/** Writers of several sides that use the same keys, for what the newest version decides. Shares no code with the product. */
import { setTimeout as delay } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import { type PlainClient, plainClient } from './postgres.js'
import { query } from './sql.js'

export const VERSIONED = 'create table records (id uuid primary key, value text, version bigint not null)'

/** Versions by key. */
export type Versions = ReadonlyMap<string, bigint>

export interface RivalWriter {
  readonly url: string
  /** 0, 1 or 2: no two of them ever use one version. */
  readonly place: number
  /** Between two turns, in ms. Default 0. */
  readonly pauseMs?: number
}

interface Written {
  readonly id: string
  readonly version: string
}

/** Inserts rows, some under keys that all writers use, and updates any. Resolves with what was acknowledged last. */
export async function writeUntil(stop: AbortSignal, { url, place, pauseMs = 0 }: RivalWriter): Promise<Versions> {
  await using client = await plainClient(url)
  const written = new Map<string, bigint>()
  for (let turn = 0; !stop.aborted; turn++) {
    const statements = [
      `insert into records select md5('${place} ' || ${turn} || ' ' || n)::uuid, 'row', ${place} from generate_series(1, 60) n`,
      `insert into records select md5('shared ' || ${turn} || ' ' || n)::uuid, 'of ${place}', ${place}
         from generate_series(1, 10) n on conflict do nothing`,
      `update records set value = 'changed by ${place}', version = (version / 3 + 1) * 3 + ${place}
         where id in (select id from records order by random() limit 20)`,
    ]
    for (const statement of statements) {
      const rows = await unlessDeadlocked(client, `${statement} returning id, version::text`)
      for (const { id, version } of rows) written.set(id, BigInt(version))
    }
    await delay(pauseMs)
  }
  return written
}

const DEADLOCK = '40P01'

/** Rows that are updated in any order can wait for those of the tool, which wait for them: then nothing is done, and it is tried again. */
async function unlessDeadlocked(client: PlainClient, statement: string): Promise<readonly Written[]> {
  for (;;) {
    try {
      return (await client.query<Written>(statement)).rows
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== DEADLOCK) throw error
    }
  }
}

/** Rows under keys that all sides have, each side in a version of its own. Answers what was written. */
export async function writeBefore({ url, place }: RivalWriter, rows: number): Promise<Versions> {
  const statement = `insert into records select md5('old ' || n)::uuid, 'old of ${place}', ${place} from generate_series(1, ${rows}) n`
  const written = await query<{ id: string }>(url, `${statement} returning id`)
  return new Map(written.map(({ id }) => [id, BigInt(place)]))
}

/** What all sides must hold in the end. */
export function newestOf(written: readonly Versions[]): Versions {
  const newest = new Map<string, bigint>()
  for (const [key, version] of written.flatMap((own) => [...own])) {
    if (version > (newest.get(key) ?? -1n)) newest.set(key, version)
  }
  return newest
}

export async function versionsIn(url: string): Promise<Versions> {
  const rows = await query<{ id: string; version: string }>(url, 'select id, version::text from records')
  return new Map(rows.map(({ id, version }) => [id, BigInt(version)]))
}
