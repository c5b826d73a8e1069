import { describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

const signal = AbortSignal.timeout(60_000)

describe('state tables', () => {
  const database = testDatabase()

  it('are created once when ten instances start at the same time', async () => {
    const handles = Array.from({ length: 10 }, () => postgres(database.url))
    await Promise.all(handles.map((handle) => handle.state.prepare(signal)))
    await Promise.all(handles.map((handle) => handle[Symbol.asyncDispose]()))
    await using oracle = await plainClient(database.url)
    const { rows } = await oracle.query('SELECT version FROM lockstep.version')
    expect(rows).toEqual([{ version: 1 }])
  })
})
