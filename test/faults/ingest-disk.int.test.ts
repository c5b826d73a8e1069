import { execFileSync } from 'node:child_process'
import { appendFileSync, chownSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Feeding, startIngestRun } from '../support/ingest/ingest-run.js'
import { mariadbTarget, postgresTarget, type Target } from '../support/ingest/target.js'
import { dedicatedMariadb, FAST_MARIADB, mariadbQuery } from '../support/mariadb.js'
import { dedicatedServer, FAST_SETTINGS } from '../support/postgres.js'
import { query } from '../support/sql.js'

interface Place extends AsyncDisposable {
  readonly target: Target
}

const EFFECTS = 'create table effects (id varchar(200) collate utf8mb4_bin primary key, sensor bigint)'

/** With `effects` in a folder. */
const PLACES: readonly { readonly name: string; readonly place: (folder: string) => Promise<Place> }[] = [
  {
    name: 'PostgreSQL',
    async place(folder) {
      const server = await dedicatedServer({ settings: FAST_SETTINGS })
      const target = postgresTarget(server.url())
      await target.reset()
      await query(server.url(), `create tablespace small location '${folder}'`)
      await query(server.url(), 'alter table effects set tablespace small')
      return { target, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
    },
  },
  {
    name: 'MariaDB',
    async place(folder) {
      const server = await dedicatedMariadb({ settings: FAST_MARIADB })
      await mariadbQuery(server.url(), 'create database app')
      const target = mariadbTarget(server.url('app'))
      await target.reset()
      await mariadbQuery(
        server.url('app'),
        `drop table effects; ${EFFECTS} data directory = '${folder}';
         create trigger audited before insert on effects for each row insert into audit values (new.id)`,
      )
      return { target, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
    },
  },
]

// Only root may mount; for others it is shown as skipped, never as passed.
describe.runIf(process.getuid?.() === 0).each(PLACES)('a full disk under $name', ({ place }) => {
  test('red health says so, no dead letter, and it goes on once there is room', async () => {
    using disk = smallDisk(12)
    await using at = await place(disk.folder)
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, at.target)
    await feeding.goesOn()
    disk.fill()
    await expect.poll(() => run.red(), { timeout: 40_000 }).toEqual([expect.stringMatching(/disk-full/)])
    expect(await at.target.letters()).toEqual([])
    disk.free()
    await feeding.goesOn()
    await feeding.settle(run, at.target)
  })
})

interface SmallDisk extends Disposable {
  readonly folder: string
  fill(): void
  free(): void
}

/** A file system of its own for the server. */
function smallDisk(megabytes: number): SmallDisk {
  const mounted = mkdtempSync(join(tmpdir(), 'lockstep-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', mounted], { stdio: 'ignore' })
  const folder = join(mounted, 'data')
  execFileSync('mkdir', ['-m', '0700', folder])
  chownSync(folder, 65534, 65534)
  const filler = join(mounted, 'filler')
  return {
    folder,
    fill() {
      // What is there is not always all for us: the server takes some at the same time.
      for (let { bavail, bsize } = statfsSync(mounted); bavail > 0; { bavail, bsize } = statfsSync(mounted)) {
        try {
          appendFileSync(filler, Buffer.alloc(Math.ceil(bavail / 2) * bsize))
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
        }
      }
    },
    free: () => rmSync(filler),
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', mounted])
      rmSync(mounted, { recursive: true })
    },
  }
}
