import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { sqlite } from 'lockstep/sqlite'
import { afterAll, beforeAll } from 'vitest'
import type { Difference } from '../../../src/core/difference.js'
import type { CheckOptions, FlowContext, TablesReport } from '../../../src/core/flow.js'
import { check } from '../../../src/flows/check/check.js'
import type { TablesCheck } from '../../../src/flows/check/tables.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { testMariadb } from '../../support/mariadb.js'
import { testDatabase } from '../../support/postgres.js'
import { MariadbStore, PostgresStore, SqliteStore, type Store } from './stores.js'

export type Engine = 'postgres' | 'mariadb' | 'sqlite'
export type Place = 'left' | 'right'
/** What all three have. */
export type CheckedDatabase = ReturnType<typeof postgres> | ReturnType<typeof mysql> | ReturnType<typeof sqlite>

export interface Side extends AsyncDisposable {
  readonly engine: Engine
  readonly store: Store
  readonly database: CheckedDatabase
}

/** Two databases of each engine for the tests of a file; called at its top. */
export function checkSides(): (engine: Engine, place: Place) => Promise<Side> {
  const left = { postgres: testDatabase('a'), mariadb: testMariadb() }
  const right = { postgres: testDatabase('b'), mariadb: testMariadb() }
  const files: DatabaseFile[] = []
  beforeAll(async () => {
    files.push(await DatabaseFile.make(), await DatabaseFile.make())
  })
  afterAll(async () => {
    for (const file of files) await file[Symbol.asyncDispose]()
  })

  async function opened(engine: Engine, place: Place): Promise<{ store: Store; database: CheckedDatabase }> {
    if (engine === 'sqlite') {
      const path = files[place === 'left' ? 0 : 1]?.path ?? ''
      return { store: new SqliteStore(path), database: sqlite(path) }
    }
    const { url } = (place === 'left' ? left : right)[engine]
    if (engine === 'postgres') return { store: await PostgresStore.open(url), database: postgres(url) }
    return { store: await MariadbStore.open(url), database: mysql(url) }
  }

  return async (engine, place) => {
    const { store, database } = await opened(engine, place)
    return {
      engine,
      store,
      database,
      [Symbol.asyncDispose]: async () => {
        await database[Symbol.asyncDispose]()
        await store[Symbol.asyncDispose]()
      },
    }
  }
}

export interface Outcome {
  readonly report: TablesReport
  readonly differences: readonly Difference[]
  /** Kind of difference by key. */
  readonly found: ReadonlyMap<string, Difference['kind']>
}

export async function runCheck(
  left: TablesCheck['left'],
  right: TablesCheck['right'],
  options: Omit<TablesCheck, 'left' | 'right'> & { readonly check?: CheckOptions } = {},
): Promise<Outcome> {
  const signal = new AbortController().signal
  const context: FlowContext = { name: 'same', observer: () => {}, drain: signal, abort: signal, untilCaughtUp: true }
  const differences: Difference[] = []
  const { check: given, ...rest } = options
  const flow = check.tables({ left, right, ...rest })
  const difference = (one: Difference): void => {
    differences.push(one)
  }
  const report = await flow.check?.(context, { settleMs: 20, difference, ...given })
  if (report?.kind !== 'tables') throw new Error('a check flow checks')
  return { report, differences, found: new Map(differences.map(({ key, kind }) => [key.join(), kind])) }
}
