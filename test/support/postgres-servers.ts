import type { TestProject } from 'vitest/node'
import { copyBinaries } from '../../src/embedded/binaries.js'
import { EmbeddedServer } from '../../src/embedded/server.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Addresses of the two servers all test files share, without a database. */
    readonly postgres: { readonly a: string; readonly b: string }
    /** Programs for servers that a test starts for itself. */
    readonly postgresBinaries: { readonly initdb: string; readonly postgres: string }
  }
}

/** Nothing survives a power cut with these: only for tests that do not ask for that. */
export const FAST_SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '128MB',
}

const running: AsyncDisposable[] = []

/** Called by vitest once before the whole run: starts two servers. */
export async function setup(project: TestProject): Promise<void> {
  const binaries = await copyBinaries()
  const start = (): Promise<EmbeddedServer> => EmbeddedServer.start(binaries, { settings: FAST_SETTINGS })
  running.push(binaries)
  const servers = await Promise.allSettled([start(), start()])
  const started = servers.flatMap((server) => (server.status === 'fulfilled' ? [server.value] : []))
  running.unshift(...started)
  const [a, b] = started
  if (a === undefined || b === undefined) {
    await teardown()
    throw new Error('the test servers did not start', { cause: servers })
  }
  project.provide('postgres', { a: a.url(''), b: b.url('') })
  project.provide('postgresBinaries', { initdb: binaries.initdb, postgres: binaries.postgres })
}

/** Called by vitest after the whole run. */
export async function teardown(): Promise<void> {
  for (const one of running.splice(0)) await one[Symbol.asyncDispose]()
}
