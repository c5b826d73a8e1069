import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Random } from './random.js'

export interface DisturbanceOptions {
  readonly url: string
  readonly table: string
  readonly random: Random
  readonly over: AbortSignal
}

/** Statements that move rows or take locks, with the least and most pause between two of them. */
export const DISTURBANCES = {
  vacuum: { lowMs: 300, highMs: 2000, statements: ['vacuum', 'vacuum (freeze)', 'vacuum analyze'] },
  'vacuum-full': { lowMs: 4000, highMs: 12_000, statements: ['vacuum full'] },
  cluster: { lowMs: 4000, highMs: 12_000, statements: ['cluster'] },
} as const

export type Disturbance = keyof typeof DISTURBANCES

/** Runs a kind of statement again and again until the run is over; gives how often it was done. */
export async function disturb(kind: Disturbance, options: DisturbanceOptions): Promise<number> {
  const { lowMs, highMs, statements } = DISTURBANCES[kind]
  let done = 0
  while (!options.over.aborted) {
    await delay(options.random.integer(lowMs, highMs), undefined, { signal: options.over }).catch(() => undefined)
    if (options.over.aborted) break
    try {
      await runOnce(options, options.random.pick(statements))
      done += 1
    } catch {
      // A lock that did not come in time, or a server that is down: there will be another time.
    }
  }
  return done
}

async function runOnce(options: DisturbanceOptions, statement: string): Promise<void> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'hostile disturbance',
    connectionTimeoutMillis: 5000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query("set lock_timeout = '2s'")
    const index = statement === 'cluster' ? ` using ${await primaryKey(client, options.table)}` : ''
    await client.query(`${statement} ${options.table}${index}`)
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function primaryKey(client: pg.Client, table: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    'select indexrelid::regclass::text as name from pg_index where indrelid = $1::regclass and indisprimary',
    [table],
  )
  return rows[0]?.name ?? ''
}

/** Holds a transaction with an id open in another database of the same server until the run is over. */
export async function holdOpenElsewhere(url: string, over: AbortSignal): Promise<void> {
  const elsewhere = new URL(url)
  elsewhere.pathname = '/hostile_elsewhere'
  await tryOnce(url, 'create database hostile_elsewhere')
  while (!over.aborted) {
    const client = new pg.Client({
      connectionString: elsewhere.href,
      application_name: 'hostile open transaction',
      connectionTimeoutMillis: 5000,
    })
    const lost = new Promise<void>((resolve) => client.on('error', () => resolve()).on('end', () => resolve()))
    try {
      await client.connect()
      await client.query('begin isolation level repeatable read')
      await client.query('select pg_current_xact_id()')
      await Promise.race([lost, aborted(over)])
    } catch {
      await delay(100)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

/** A statement that may fail: it exists already. */
async function tryOnce(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query(statement).catch(() => undefined)
  await client.end()
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
