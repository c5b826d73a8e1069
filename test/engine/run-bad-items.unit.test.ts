import { memorySink, memorySource } from 'lockstep/memory'
import { describe, expect, it, vi } from 'vitest'
import { DataError, UnavailableError } from '../../src/core/errors.js'
import { run } from '../../src/engine/run.js'
import { SystemicError } from '../../src/engine/systemic-error.js'
import { FLOW, memoryLine, numbered, testRun } from './run-line.js'

const key = (item: string) => item
const away = () => new UnavailableError('gone', 'the server went away')

describe('run: bad items', () => {
  const refuse = (item: string) => (item.endsWith('7') ? 'check-violation' : undefined)

  it.each([true, false])('makes dead letters of exactly the bad items (named by the sink: %s)', async (namesBad) => {
    const sink = memorySink<string>({ key, transactional: true, refuse, namesBad })
    const line = memoryLine({ sink })
    line.source.append('a', numbered('a', 25))
    line.source.end()
    const store = vi.spyOn(line.deadLetters, 'store')
    const write = vi.spyOn(sink, 'write')
    const { events, options } = testRun()
    expect(await run(line, options)).toBe('finished')
    expect(sink.items).toEqual(numbered('a', 25).filter((item) => !item.endsWith('7')))
    expect(line.deadLetters.letters).toMatchObject([
      { itemKey: 'a7', code: 'check-violation', stage: 'write', flow: FLOW, lane: 'a', position: '10', attempts: 1 },
      { itemKey: 'a17', position: '20' },
    ])
    expect(line.source.acknowledged('a')).toBe(25)
    expect(events.filter(({ type }) => type === 'dead-letters')).toMatchObject([{ count: 1 }, { count: 1 }])
    // First the letters, then the rest of the batch.
    expect(store.mock.invocationCallOrder[0]).toBeLessThan(write.mock.invocationCallOrder[1] ?? 0)
    expect(store.mock.invocationCallOrder[0]).toBeGreaterThan(write.mock.invocationCallOrder[0] ?? 0)
  })

  it('stops when more than half of a batch is bad, and makes no dead letters', async () => {
    const sink = memorySink<string>({
      key,
      transactional: true,
      refuse: (item) => (Number(item.slice(1)) > 8 ? 'nope' : undefined),
    })
    const line = memoryLine({ sink, source: memorySource<string>({ batchItems: 20 }) })
    line.source.append('a', numbered('a', 20))
    line.source.end()
    await expect(run(line, testRun().options)).rejects.toMatchObject({ code: 'batch-refused', exitCode: 5 })
    expect(line.deadLetters.letters).toEqual([])
    expect(sink.items).toEqual([])
    expect(line.source.acknowledged('a')).toBe(0)
  })

  it('finds and counts what is bad in the batches as they were read, also when they were written together', async () => {
    const refused = new Set([...Array.from({ length: 20 }, (_, at) => `a${at + 41}`), 'a5'])
    const sink = memorySink<string>({
      key,
      transactional: true,
      refuse: (item) => (refused.has(item) ? 'no' : undefined),
    })
    const line = memoryLine({ sink, source: memorySource<string>({ batchItems: 20 }) })
    line.source.append('a', numbered('a', 80))
    line.source.end()
    const write = vi.spyOn(sink, 'write')
    const { options } = testRun({ maxItemsTogether: 1_000 })
    // One of four batches is bad as a whole: no more than a quarter of what may be written together.
    await expect(run(line, options)).rejects.toMatchObject({ code: 'batch-refused' })
    expect(line.deadLetters.letters.map(({ itemKey }) => itemKey)).toEqual(['a5'])
    expect(line.source.acknowledged('a')).toBe(40)
    expect(Math.max(...write.mock.calls.map(([{ items }]) => items.length))).toBeGreaterThan(20)
  })

  it('does not call a small batch, or half of one, systemic', async () => {
    for (const count of [19, 20]) {
      const sink = memorySink<string>({
        key,
        refuse: (item) => (Number(item.slice(1)) < (count === 19 ? 19 : 10) ? 'nope' : undefined),
      })
      const line = memoryLine({ sink, source: memorySource<string>({ batchItems: count }) })
      line.source.append('a', numbered('a', count))
      line.source.end()
      expect(await run(line, testRun().options)).toBe('finished')
      expect(line.deadLetters.letters).toHaveLength(count === 19 ? 19 : 10)
      expect(line.source.acknowledged('a')).toBe(count)
    }
  })

  it('stops when items are refused only together', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 5))
    line.source.end()
    vi.spyOn(line.sink, 'write').mockRejectedValue(new DataError('unique-violation', 'no'))
    await expect(run(line, testRun().options)).rejects.toThrow(SystemicError)
    expect(line.deadLetters.letters).toEqual([])
  })

  it('throws the error when there is nowhere to keep dead letters', async () => {
    const { deadLetters: _, ...line } = memoryLine({ sink: memorySink<string>({ key, refuse }) })
    line.source.append('a', numbered('a', 25))
    line.source.end()
    await expect(run(line, testRun().options)).rejects.toThrow(DataError)
    expect(line.source.acknowledged('a')).toBe(0)
  })

  it('waits until the dead letters are stored', async () => {
    const line = memoryLine({ sink: memorySink<string>({ key, refuse }) })
    line.source.append('a', numbered('a', 10))
    line.source.end()
    vi.spyOn(line.deadLetters, 'store').mockRejectedValueOnce(away())
    expect(await run(line, testRun().options)).toBe('finished')
    expect(line.deadLetters.letters).toHaveLength(1)
  })

  const faultOf = (item: string) =>
    item.endsWith('3') ? ({ stage: 'decode', code: 'invalid-json', reason: 'it is no JSON' } as const) : undefined

  it('makes dead letters of the items that carry a fault, and the sink never sees them', async () => {
    const sink = memorySink<string>({ key, transactional: true, refuse })
    const line = { ...memoryLine({ sink }), faultOf }
    line.source.append('a', numbered('a', 10))
    line.source.end()
    const write = vi.spyOn(sink, 'write')
    expect(await run(line, testRun().options)).toBe('finished')
    expect(sink.items).toEqual(numbered('a', 10).filter((item) => !/[37]$/.test(item)))
    expect(line.deadLetters.letters).toMatchObject([
      { itemKey: 'a3', stage: 'decode', code: 'invalid-json', reason: 'it is no JSON', held: false, attempts: 1 },
      { itemKey: 'a7', stage: 'write', code: 'check-violation' },
    ])
    expect([...(write.mock.calls[0]?.[0].items ?? [])]).not.toContain('a3')
    expect(line.source.acknowledged('a')).toBe(10)
  })

  it('stops when more than half of a batch carries faults, with nothing stored, dead-lettered or acknowledged', async () => {
    const sink = memorySink<string>({ key, transactional: true })
    const fault = { stage: 'validate', code: 'schema-mismatch', reason: 'no id' } as const
    const line = {
      ...memoryLine({ sink, source: memorySource<string>({ batchItems: 20 }) }),
      faultOf: (item: string) => (Number(item.slice(1)) > 8 ? fault : undefined),
    }
    line.source.append('a', numbered('a', 20))
    line.source.end()
    await expect(run(line, testRun().options)).rejects.toMatchObject({ code: 'batch-unreadable', exitCode: 5 })
    expect([line.deadLetters.letters, sink.items, line.source.acknowledged('a')]).toEqual([[], [], 0])
  })

  it('holds the items that wait for another, however many they are', async () => {
    const sink = memorySink<string>({
      key,
      transactional: true,
      refuse: (item) => (item === 'a0' ? undefined : 'foreign-key-violation'),
    })
    const line = {
      ...memoryLine({ sink, source: memorySource<string>({ batchItems: 40 }) }),
      holds: (code: string) => code === 'foreign-key-violation',
    }
    line.source.append('a', numbered('a', 40))
    line.source.end()
    expect(await run(line, testRun().options)).toBe('finished')
    expect(sink.items).toEqual(['a0'])
    expect(line.deadLetters.letters).toHaveLength(39)
    expect(line.deadLetters.letters.every(({ held }) => held)).toBe(true)
  })
})
