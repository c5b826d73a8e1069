import { Pool } from 'pg'
import { missingPeer } from '../../core/missing-peer.js'
import type { Address } from '../postgres/session/address.js'

type Library = typeof import('graphile-worker')

let library: Promise<Library> | undefined

/** `graphile-worker`, loaded when the first queue is opened. */
export function graphileWorker(): Promise<Library> {
  library ??= import('graphile-worker').catch(
    missingPeer({ name: 'graphile-worker', install: 'graphile-worker@0.17', key: 'distribute.postgres' }),
  )
  return library
}

const CONNECT_MS = 5_000
const STATEMENT_MS = 30_000
/** Connections of the library beside one for each range that is taken: one listens. */
const SPARE = 2

/** Connections for the library, each statement of which has a deadline. */
export function poolFor(address: Address, concurrency: number): Pool {
  const pool = new Pool({
    ...address.login(),
    max: concurrency + SPARE,
    application_name: 'lockstep queue',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS,
    keepAlive: true,
  })
  // An idle connection that breaks is replaced on the next use, and a pool without a listener ends the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** It tells of each job; what of that matters is told by us. */
export async function silentLogger(): Promise<InstanceType<Library['Logger']>> {
  const { Logger } = await graphileWorker()
  return new Logger(() => () => {})
}
