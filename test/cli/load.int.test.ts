import { beforeAll, describe, expect, it } from 'vitest'
import { plainClient, testDatabase } from '../support/postgres.js'
import { startProgram } from '../support/program.js'

const MAIN = '../../src/cli/main.ts'

describe('lockstep load', () => {
  const left = testDatabase('a')
  const right = testDatabase('b')
  const target = ['load', '--table', 'records', '--into', left.url, '--into', right.url]

  const counts = async (): Promise<number[]> => {
    const count = async (url: string): Promise<number> => {
      await using client = await plainClient(url)
      return Number((await client.query<{ count: string }>('select count(*) from records')).rows[0]?.count)
    }
    return Promise.all([count(left.url), count(right.url)])
  }

  beforeAll(async () => {
    for (const { url } of [left, right]) {
      await using client = await plainClient(url)
      await client.query('create table records (id uuid primary key, value text not null)')
    }
  })

  it('loads the rows asked for and says so in one JSON object', async () => {
    await using load = startProgram(MAIN, [...target, '--rows', '10000', '--json'])
    const summary = JSON.parse(await load.output)
    expect(summary).toMatchObject({
      rows: 10_000,
      errors: 0,
      seconds: expect.any(Number),
      rowsPerSecond: expect.any(Number),
    })
    expect(summary.perDatabase.map(({ rows }: { rows: number }) => rows)).toEqual(await counts())
  })

  it('takes addresses from the environment, where no list of processes shows them', async () => {
    const before = await counts()
    const args = ['load', '--table', 'records', '--into-env', 'LEFT', '--into-env', 'RIGHT', '--rows', '4000', '--json']
    await using load = startProgram(MAIN, args, { LEFT: left.url, RIGHT: right.url })
    const summary = JSON.parse(await load.output)
    const added = (await counts()).map((rows, side) => rows - (before[side] ?? 0))
    expect(summary.perDatabase.map(({ rows }: { rows: number }) => rows)).toEqual(added)
    await using missing = startProgram(MAIN, args, { LEFT: left.url, RIGHT: '' })
    await expect(missing.output).rejects.toThrow('the environment variable RIGHT is empty')
  })

  it('never ends by itself, and ends well on SIGTERM with a true summary', async () => {
    const before = await counts()
    await using load = startProgram(MAIN, [...target, '--json'])
    await expect
      .poll(async () => (await counts()).every((rows, side) => rows > (before[side] ?? 0)), { timeout: 20_000 })
      .toBe(true)
    const askedMs = performance.now()
    load.process.kill('SIGTERM')
    const summary = JSON.parse(await load.output)
    expect(performance.now() - askedMs).toBeLessThan(5_000)
    const added = (await counts()).map((rows, side) => rows - (before[side] ?? 0))
    expect(summary.perDatabase.map(({ rows }: { rows: number }) => rows)).toEqual(added)
  })

  it.each([
    { problem: 'no target', args: ['load'], says: 'load-target-missing' },
    { problem: 'a flow and a target', args: ['load', 'mirror', '--table', 'records'], says: 'load-target-twice' },
    { problem: 'an unknown table', args: ['load', '--table', 'nowhere', '--into', left.url], says: 'table-missing' },
    { problem: 'a number that is none', args: [...target, '--rows', '1e3'], says: 'whole number' },
    { problem: 'a rate of nothing', args: [...target, '--rate', '0'], says: 'greater than 0' },
  ])('refuses $problem with exit code 2', async ({ args, says }) => {
    await using load = startProgram(MAIN, args)
    await expect(load.output).rejects.toThrow(/exit code 2/)
    await expect(load.output).rejects.toThrow(says)
  })
})
