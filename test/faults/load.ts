import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { startHostileWriters } from '../support/hostile-run.js'
import { acknowledgedMinusStored, countRows } from '../support/oracle.js'
import { becomeIdentical, type SyncSides } from '../support/sync-run.js'

export interface Load extends AsyncDisposable {
  /** Resolves once so many more rows are stored on a side (default 200 on each) than when it was called. */
  goesOn(rows?: number, sides?: readonly string[]): Promise<void>
  /** Ends the writers, waits until both sides are identical and makes sure that every acknowledged row is on both. */
  settle(): Promise<void>
  /** Ends the writers. */
  stop(): Promise<void>
}

/** Writers of `records`, half of them on each side, in a process of their own, for as long as they are let. Default: four. */
export async function startLoad(sides: SyncSides, writers = 4): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-load-'))
  const acknowledged = join(folder, 'acknowledged')
  const hostile = startHostileWriters({
    ...{ ...sides, table: 'records', seconds: 600, seed: Date.now(), writers, disturb: [], acknowledged },
  })
  const stop = async (): Promise<void> => {
    hostile.process.kill('SIGTERM')
    await hostile.result
  }
  const load: Load = {
    stop,
    async goesOn(rows = 200, urls = [sides.a, sides.b]) {
      await Promise.all(
        urls.map(async (url) => {
          const before = await countRows(url, 'records')
          await expect.poll(() => countRows(url, 'records'), { timeout: 60_000 }).toBeGreaterThan(before + rows)
        }),
      )
    },
    async settle() {
      await stop()
      await becomeIdentical(sides)
      expect(await acknowledgedMinusStored(acknowledged, sides.a, 'records')).toEqual([])
      expect(await acknowledgedMinusStored(acknowledged, sides.b, 'records')).toEqual([])
      expect(await countRows(sides.a, 'records')).toBeGreaterThan(0)
    },
    async [Symbol.asyncDispose]() {
      await hostile[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return load
}
