import { beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../src/adapters/postgres/index.js'
import { check } from '../../src/flows/check/check.js'
import { plainClient, testDatabase } from '../support/postgres.js'

const signal = AbortSignal.timeout(240_000)

describe('doctor on check.tables', () => {
  const [a, b] = [testDatabase('a'), testDatabase('b')]
  beforeAll(async () => {
    for (const { url } of [a, b]) {
      await using client = await plainClient(url)
      await client.query('create table records (id uuid primary key, value text)')
      await client.query('create table others (id uuid primary key)')
    }
  })

  async function diagnose(leftTable: string, rightTable: string) {
    await using left = postgres(a.url)
    await using right = postgres(b.url)
    const flow = check.tables({ left: left.table(leftTable), right: right.table(rightTable) })
    return await flow.diagnose(signal)
  }

  it('looks at each side, then at the two together', async () => {
    const found = await diagnose('records', 'records')
    expect(found.every(({ level }) => level === 'ok')).toBe(true)
    expect(found.filter(({ message }) => message === 'may SELECT')).toHaveLength(2)
    expect(found.at(-1)).toMatchObject({ subject: 'records and records', message: 'can be compared' })
  })

  it('tells tables that cannot be compared, and stops at a side that cannot be read', async () => {
    expect((await diagnose('records', 'others')).at(-1)).toMatchObject({
      level: 'error',
      subject: 'records and others',
    })
    const missing = await diagnose('records', 'nothing')
    expect(missing.filter(({ level }) => level === 'error')).toMatchObject([
      { message: expect.stringContaining('no such table') },
    ])
    expect(missing.some(({ subject }) => subject === 'records and nothing')).toBe(false)
  })
})
