import { describe, expect, it, vi } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { armFailpoint } from '../../../src/core/failpoint.js'
import type { Row } from '../../../src/core/table.js'
import { COMMIT } from '../../support/fault.js'
import { startFaultProxy } from '../../support/fault-proxy.js'
import { dedicatedServer, plainClient, testDatabase } from '../../support/postgres.js'
import { batchOf, contents, context, infoOf, open, signal } from './writer-subject.js'

describe('rowWriter and a COMMIT without an answer', () => {
  const { url } = testDatabase('a')

  it.each(['before', 'after'] as const)(
    'cut %s the server did it: the same batch again makes it whole',
    async (when) => {
      await using oracle = await plainClient(url)
      await oracle.query('drop table if exists records; create table records (id int primary key, body text)')
      await using proxy = await startFaultProxy(url)
      await using database = postgres(proxy.url)
      await database.state.prepare(signal)
      const info = await infoOf(database, 'records')
      await using subject = open(database, info, 'keep-both')
      await oracle.query('truncate lockstep.checkpoints')
      await proxy.set({ kind: 'cut', when, statement: COMMIT })
      const batch = batchOf(
        [
          ['1', 'a'],
          ['2', 'b'],
        ],
        'p1',
      )
      const refused = { name: 'UnavailableError', code: 'commit-unknown' }
      await expect(subject.sink.write(batch, context)).rejects.toMatchObject(refused)
      const done = when === 'after'
      // The backend of the connection that was cut may still be at its COMMIT.
      await expect.poll(() => contents(oracle)).toHaveLength(done ? 2 : 0)
      const again = subject.sink.write(batch, { ...context, attempt: 2 })
      // With its position saved, the batch is known to be stored: the engine loads checkpoints and goes on behind it.
      if (done) await expect(again).rejects.toMatchObject({ name: 'ConflictError' })
      else await again
      expect(await contents(oracle)).toEqual([
        [1, 'a'],
        [2, 'b'],
      ])
      expect(await subject.sink.checkpoints?.load('mirror')).toEqual(new Map([['tail', 'p1']]))
      expect(subject.told).toEqual([])
    },
  )
})

describe('rowWriter and a server that dies', () => {
  it('stores a batch whole or not at all, and goes on when the server is back', async () => {
    await using server = await dedicatedServer()
    await using database = postgres(server.url())
    {
      await using oracle = await plainClient(server.url())
      await oracle.query('create table records (id int primary key, body text)')
    }
    await database.state.prepare(signal)
    await using subject = open(database, await infoOf(database, 'records'), 'keep-both')
    const chunk = (index: number): Row[] =>
      Array.from({ length: 100 }, (_, row) => [String(index * 100 + row), String(index)])
    let killing: Promise<void> | undefined
    let acknowledged = 0
    const disarm = armFailpoint('writer:before-commit', () => {
      if (acknowledged === 20) killing ??= server.kill()
    })
    const write = async (): Promise<void> => {
      for (; acknowledged < 100_000; acknowledged++) await subject.sink.write(batchOf(chunk(acknowledged)), context)
    }
    await expect(write()).rejects.toMatchObject({ name: 'UnavailableError' })
    disarm()
    await killing
    await server.start()
    await using oracle = await plainClient(server.url())
    const { rows } = await oracle.query(
      'select body::int as chunk, count(*)::int as n from records group by 1 order by 1',
    )
    expect(rows.every(({ n }) => n === 100)).toBe(true)
    // The one whose COMMIT had no answer may be there.
    expect([acknowledged, acknowledged + 1]).toContain(rows.length)
    await vi.waitFor(() => subject.sink.write(batchOf(chunk(acknowledged)), context), { timeout: 20_000 })
    const total = await oracle.query('select count(*)::int as n, count(distinct id)::int as ids from records')
    expect(total.rows).toEqual([{ n: (acknowledged + 1) * 100, ids: (acknowledged + 1) * 100 }])
  })
})
