import type { TestProject } from 'vitest/node'
import { MariadbServer } from '../../src/embedded/mariadb/mariadb-server.js'
import { findMariadb, type MariadbPrograms } from '../../src/embedded/mariadb/programs.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of the server that all test files share, without a database. Absent when MariaDB is not installed. */
    readonly mariadb: { readonly url: string; readonly programs: MariadbPrograms } | undefined
  }
}

/** Nothing survives a crash with these: only for tests that do not ask for that. */
export const FAST_MARIADB: Readonly<Record<string, string>> = {
  'innodb-flush-log-at-trx-commit': '0',
  'innodb-flush-method': 'nosync',
  'innodb-doublewrite': '0',
}

let running: MariadbServer | undefined

/** Called by vitest once before the whole run. Without MariaDB on the machine the tests that need it fail, and say so. */
export async function setup(project: TestProject): Promise<void> {
  const programs = await findMariadb()
  if (programs !== undefined) running = await MariadbServer.start(programs, { settings: FAST_MARIADB })
  const mariadb = programs === undefined || running === undefined ? undefined : { url: running.url(), programs }
  project.provide('mariadb', mariadb)
}

/** Called by vitest after the whole run. */
export async function teardown(): Promise<void> {
  await running?.[Symbol.asyncDispose]()
  running = undefined
}
