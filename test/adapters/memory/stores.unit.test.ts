import { memoryCheckpoints, memorySink, memoryState, memoryTable } from 'lockstep/memory'
import { describe, expect, it } from 'vitest'
import { MemoryCheckStore } from '../../../src/adapters/memory/check-store.js'
import { MemoryLeases } from '../../../src/adapters/memory/leases.js'
import { UnavailableError } from '../../../src/core/errors.js'
import type { RunRecord } from '../../../src/core/state.js'
import type { Row, TableSchema } from '../../../src/core/table.js'
import { checkStoreContract } from '../../contracts/check-store.js'
import { checkpointStoreContract } from '../../contracts/checkpoint-store.js'
import { conflictStoreContract } from '../../contracts/conflict-store.js'
import { eventLogContract } from '../../contracts/event-log-store.js'
import { feedRunStoreContract } from '../../contracts/feed-run-store.js'
import { leaseStoreContract } from '../../contracts/lease-store.js'
import { sinkContract } from '../../contracts/sink.js'
import { tableContract } from '../../contracts/table.js'

checkpointStoreContract('memory', async () => {
  const leases = new MemoryLeases()
  const store = memoryCheckpoints(leases)
  return { store, other: store, leases, async [Symbol.asyncDispose]() {} }
})

leaseStoreContract('memory', async () => {
  let aheadMs = 0
  const store = new MemoryLeases(() => Date.now() + aheadMs++)
  const age = async (seconds: number): Promise<void> => {
    aheadMs += seconds * 1_000
  }
  return { store, other: store, age, async [Symbol.asyncDispose]() {} }
})

conflictStoreContract('memory', async () => {
  const store = memoryState().conflicts
  return { store, other: store, async [Symbol.asyncDispose]() {} }
})

eventLogContract('memory', async () => {
  const store = memoryState().events
  return { store, other: store, async [Symbol.asyncDispose]() {} }
})

feedRunStoreContract('memory', async () => {
  const store = memoryState().feeds
  return { store, other: store, async [Symbol.asyncDispose]() {} }
})

checkStoreContract('memory', async () => {
  let aheadMs = 0
  const store = new MemoryCheckStore(() => Date.now() + aheadMs)
  return {
    store,
    other: store,
    age: async (seconds) => {
      aheadMs += seconds * 1_000
    },
    async [Symbol.asyncDispose]() {},
  }
})

for (const [name, options] of [
  ['memory', {}],
  ['memory, transactional', { transactional: true }],
  ['memory, naming bad items', { namesBad: true }],
] as const) {
  sinkContract(name, async () => {
    let gone = false
    const sink = memorySink<string>({
      ...options,
      key: (item) => item,
      refuse: (item) => (item.startsWith('bad') ? 'check-violation' : undefined),
      fault: () => (gone ? new UnavailableError('gone', 'the server went away') : undefined),
    })
    return {
      sink,
      make: (index: number) => `item ${index}`,
      makeBad: (index: number) => `bad ${index}`,
      identify: (item: string) => item,
      stored: async () => sink.items,
      away: async (away: boolean) => {
        gone = away
      },
      async [Symbol.asyncDispose]() {},
    }
  })
}

const schema: TableSchema = {
  name: 'records',
  columns: [
    { name: 'id', type: 'uuid', nullable: false, hasDefault: false },
    { name: 'a', type: 'text', nullable: false, hasDefault: false },
    { name: 'b', type: 'text', nullable: true, hasDefault: false },
  ],
  key: ['id'],
}

tableContract('memory', async (rows) => {
  const table = memoryTable(schema, rows)
  return {
    table,
    put: async (changed: readonly Row[]) => table.put(...changed),
    remove: async (ids: readonly string[]) => table.remove(...ids.map((id) => [id])),
    twin: async (others: readonly Row[]) => memoryTable(schema, others),
    async [Symbol.asyncDispose]() {},
  }
})

describe('memoryTable', () => {
  it('wants whole rows and a key that exists', () => {
    expect(() => memoryTable(schema, [['1', 'a']])).toThrow('too few or many values')
    expect(() => memoryTable({ ...schema, key: ['nope'] })).toThrow('key')
  })
})

describe('memoryState', () => {
  it('counts a conflict that comes again once', async () => {
    const { conflicts } = memoryState()
    const conflict = {
      flow: 'f',
      table: 't',
      key: ['1'],
      incoming: ['1', 'x'],
      existing: ['1', 'y'],
      decision: 'kept-both',
    } as const
    await conflicts.record([conflict])
    await conflicts.record([conflict, { ...conflict, incoming: ['1', 'z'] }])
    expect([await conflicts.count('f'), await conflicts.count('g')]).toEqual([2, 0])
  })

  it('replaces a dead letter with the same flow and key', async () => {
    const { deadLetters } = memoryState()
    const letter = {
      flow: 'f',
      lane: 'a',
      stage: 'write',
      code: 'c',
      reason: 'r',
      payload: '{}',
      encoding: 'text',
      headers: {},
      origin: undefined,
      itemKey: '1',
      position: undefined,
      attempts: 1,
      held: false,
    } as const
    await deadLetters.store([letter])
    await deadLetters.store([
      { ...letter, attempts: 2 },
      { ...letter, flow: 'g' },
    ])
    expect(deadLetters.letters.map(({ flow, attempts }) => [flow, attempts])).toEqual([
      ['f', 3],
      ['g', 1],
    ])
    expect(await deadLetters.count('f')).toBe(1)
  })

  it('knows the newest run of each flow', async () => {
    const { runs } = memoryState()
    const record = (flow: string, run: string, heartbeatAt: string): RunRecord => ({
      flow,
      run,
      heartbeatAt,
      kind: 'sync',
      state: 'running',
      startedAt: heartbeatAt,
      items: 0,
      lagMs: undefined,
      retries: 0,
      deadLetters: 0,
      conflicts: 0,
      lastError: undefined,
      lastVerdict: undefined,
    })
    for (const [flow, run, at] of [
      ['f', '1', '2026-01-01'],
      ['f', '2', '2026-01-03'],
      ['f', '1', '2026-01-02'],
      ['g', '3', '2026-01-01'],
    ] as const) {
      await runs.save(record(flow, run, at))
    }
    expect((await runs.latest()).map(({ run }) => run)).toEqual(['2', '3'])
    expect((await runs.latest('g')).map(({ run }) => run)).toEqual(['3'])
  })
})
