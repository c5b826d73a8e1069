import { memorySink, memorySource } from 'lockstep/memory'
import { describe, expect, it, vi } from 'vitest'
import type { Batch } from '../../src/core/batch.js'
import { ConflictError, DataError, UnavailableError } from '../../src/core/errors.js'
import { run } from '../../src/engine/run.js'
import { SystemicError } from '../../src/engine/systemic-error.js'
import { FLOW, memoryLine, numbered, testRun } from './run-line.js'

const key = (item: string) => item
const away = () => new UnavailableError('gone', 'the server went away')
const never = () => new Promise<never>(() => undefined)

describe('run: storing', () => {
  it('stores every lane, saves positions and acknowledges', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 25))
    line.source.append('b', numbered('b', 5))
    line.source.end()
    const { events, options } = testRun()
    expect(await run(line, options)).toBe('finished')
    expect([...line.sink.items].sort()).toEqual([...numbered('a', 25), ...numbered('b', 5)].sort())
    expect(await line.checkpoints.load(FLOW)).toEqual(
      new Map([
        ['a', '25'],
        ['b', '5'],
      ]),
    )
    expect(line.source.acknowledged('a')).toBe(25)
    const batches = events.filter((event) => event.type === 'batch')
    expect(batches.reduce((sum, { items }) => sum + items, 0)).toBe(30)
    expect(batches.every(({ lagMs, durationMs }) => lagMs !== undefined && lagMs >= 0 && durationMs >= 0)).toBe(true)
    expect(events.filter(({ type }) => type === 'checkpoint')).toHaveLength(batches.length)
  })

  it('goes on from the saved positions', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 25))
    line.source.end()
    await line.checkpoints.save(FLOW, 'a', '20', undefined)
    await run(line, testRun().options)
    expect(line.sink.items).toEqual(numbered('a', 25).slice(20))
  })

  it('leaves positions to a sink that saves them itself', async () => {
    const sink = memorySink<string>({ key, transactional: true })
    const line = memoryLine({ sink })
    line.source.append('a', numbered('a', 25))
    line.source.end()
    await run(line, testRun().options)
    expect(await sink.checkpoints?.load(FLOW)).toEqual(new Map([['a', '25']]))
    expect(await line.checkpoints.load(FLOW)).toEqual(new Map())
  })

  it('moves on with empty batches and saves nothing for batches without position', async () => {
    const acknowledged: Batch<string>[] = []
    const batches: readonly Batch<string>[] = [
      { lane: 'a', position: '1', items: [] },
      { lane: 'b', position: undefined, items: ['x'] },
      { lane: 'c', position: undefined, items: [] },
    ]
    const source = {
      async *read() {
        yield* batches
      },
      async acknowledge(batch: Batch<string>) {
        acknowledged.push(batch)
      },
      async [Symbol.asyncDispose]() {},
    }
    const memory = memoryLine()
    const write = vi.spyOn(memory.sink, 'write')
    await run({ ...memory, source }, testRun().options)
    expect(acknowledged).toHaveLength(3)
    expect(write).toHaveBeenCalledTimes(1)
    expect(await memory.checkpoints.load(FLOW)).toEqual(new Map([['a', '1']]))
    // A sink with its own checkpoints gets the empty batch, as only it can move the position.
    const sink = memorySink<string>({ key, transactional: true })
    await run({ ...memory, source, sink }, testRun().options)
    expect(await sink.checkpoints?.load(FLOW)).toEqual(new Map([['a', '1']]))
  })

  it('writes one batch of a lane at a time, and lanes side by side', async () => {
    const line = memoryLine()
    for (const lane of ['a', 'b', 'c']) line.source.append(lane, numbered(lane, 40))
    line.source.end()
    const inFlight = new Map<string, number>()
    let most = 0
    const { sink } = line
    const store = sink.write.bind(sink)
    vi.spyOn(sink, 'write').mockImplementation(async (batch, context) => {
      expect(inFlight.get(batch.lane) ?? 0).toBe(0)
      inFlight.set(batch.lane, 1)
      most = Math.max(
        most,
        [...inFlight.values()].reduce((sum, count) => sum + count, 0),
      )
      await new Promise((resolve) => setImmediate(resolve))
      await store(batch, context)
      inFlight.set(batch.lane, 0)
    })
    await run(line, testRun().options)
    expect(sink.items).toHaveLength(120)
    expect(most).toBe(3)
  })

  it('does not read further than its buffers while the sink hangs', async () => {
    const line = memoryLine({ source: memorySource<string>({ batchItems: 1 }) })
    for (const lane of numbered('lane', 10)) line.source.append(lane, numbered(lane, 100))
    let read = 0
    const { source } = line
    const original = source.read.bind(source)
    vi.spyOn(source, 'read').mockImplementation(async function* (from, signal) {
      for await (const batch of original(from, signal)) {
        read++
        yield batch
      }
    })
    vi.spyOn(line.sink, 'write').mockImplementation(never)
    const { options, abort } = testRun({ maxInFlightBatches: 7, maxBufferedBatches: 2 })
    const running = run(line, options)
    await vi.waitFor(() => expect(read).toBe(7))
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(read).toBe(7)
    abort.abort()
    expect(await running).toBe('aborted')
  })
})

describe('run: what is unavailable', () => {
  it('retries a write in place until it works', async () => {
    let failures = 7
    const sink = memorySink<string>({
      key,
      fault: (moment) => (moment === 'begin' && failures-- > 0 ? away() : undefined),
    })
    const line = memoryLine({ sink, labels: { source: 'here', sink: 'there' } })
    line.source.append('a', numbered('a', 25))
    line.source.end()
    const { events, options } = testRun()
    expect(await run(line, options)).toBe('finished')
    expect(sink.items).toEqual(numbered('a', 25))
    expect(line.source.reads).toBe(1)
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(7)
    expect(events.filter(({ type }) => type === 'health')).toMatchObject([
      { subject: 'there', healthy: false, reason: 'the server went away' },
      { subject: 'there', healthy: true },
    ])
  })

  it('tries a write again that hangs', async () => {
    const line = memoryLine()
    line.source.append('a', ['x'])
    line.source.end()
    const signals: AbortSignal[] = []
    const store = line.sink.write.bind(line.sink)
    vi.spyOn(line.sink, 'write').mockImplementation((batch, context) => {
      signals.push(context.signal)
      return signals.length === 1 ? never() : store(batch, context)
    })
    expect(await run(line, testRun({ writeDeadlineMs: 10 }).options)).toBe('finished')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  })

  it('reads again from new checkpoints when the source went away', async () => {
    let batches = 0
    const source = memorySource<string>({ batchItems: 10, fault: () => (++batches % 2 === 0 ? away() : undefined) })
    const line = memoryLine({ source })
    source.append('a', numbered('a', 55))
    source.end()
    const { events, options } = testRun()
    expect(await run(line, options)).toBe('finished')
    expect(line.sink.items).toEqual(numbered('a', 55))
    expect(source.reads).toBeGreaterThan(3)
    expect(events.filter(({ type }) => type === 'health')).toMatchObject(
      Array.from({ length: 2 * (source.reads - 1) }, (_, at) => ({ subject: 'source', healthy: at % 2 === 1 })),
    )
  })

  it('stores what was read before the source went away', async () => {
    let batches = 0
    const source = memorySource<string>({ batchItems: 10, fault: () => (++batches === 4 ? away() : undefined) })
    const line = memoryLine({ source })
    source.append('a', numbered('a', 30))
    const store = line.sink.write.bind(line.sink)
    vi.spyOn(line.sink, 'write').mockImplementation(async (batch, context) => {
      await vi.waitFor(() => expect(batches).toBeGreaterThanOrEqual(4))
      await store(batch, context)
    })
    source.append('b', ['x'])
    const storedBefore: number[] = []
    const read = source.read.bind(source)
    vi.spyOn(source, 'read').mockImplementation((from, signal) => {
      storedBefore.push(source.acknowledged('a'))
      return read(from, signal)
    })
    const { options, drain } = testRun()
    const running = run(line, options)
    await vi.waitFor(() => expect(source.reads).toBe(2))
    await vi.waitFor(() => expect(line.sink.items).toHaveLength(31))
    drain.abort()
    await running
    expect(storedBefore).toEqual([0, 20])
  })

  it('waits for the checkpoints at start', async () => {
    const line = memoryLine()
    line.source.append('a', ['x'])
    line.source.end()
    vi.spyOn(line.checkpoints, 'load').mockRejectedValueOnce(away()).mockRejectedValueOnce(away())
    expect(await run(line, testRun().options)).toBe('finished')
    expect(line.sink.items).toEqual(['x'])
  })

  it('reads again when an acknowledgement does not arrive', async () => {
    const line = memoryLine({ source: memorySource<string>({ batchItems: 1, resume: 'acknowledge' }) })
    line.source.append('a', ['x', 'y', 'z'])
    line.source.end()
    vi.spyOn(line.source, 'acknowledge').mockRejectedValueOnce(away())
    expect(await run(line, testRun().options)).toBe('finished')
    expect(line.source.acknowledged('a')).toBe(3)
    expect(line.source.reads).toBe(2)
  })
})

describe('run: conflicts', () => {
  it('loads the checkpoints again and restarts', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 30))
    line.source.end()
    const save = line.checkpoints.save.bind(line.checkpoints)
    let moved = false
    vi.spyOn(line.checkpoints, 'save').mockImplementation(async (flow, lane, position, expected) => {
      if (!moved) {
        moved = true
        await save(flow, lane, '20', expected)
      }
      await save(flow, lane, position, expected)
    })
    expect(await run(line, testRun().options)).toBe('finished')
    expect(line.source.reads).toBe(2)
    expect((await line.checkpoints.load(FLOW)).get('a')).toBe('30')
    expect(line.sink.items).toEqual([...numbered('a', 10), ...numbered('a', 30).slice(20)])
  })

  it('throws after five restarts', async () => {
    const line = memoryLine()
    line.source.append('a', ['x'])
    line.source.end()
    vi.spyOn(line.checkpoints, 'save').mockRejectedValue(new ConflictError('checkpoint-moved', 'another instance'))
    await expect(run(line, testRun().options)).rejects.toThrow(ConflictError)
    expect(line.source.reads).toBe(6)
    expect(line.source.acknowledged('a')).toBe(0)
  })

  it('is in no doubt about a first attempt: someone else was there', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 10))
    line.source.end()
    const save = line.checkpoints.save.bind(line.checkpoints)
    vi.spyOn(line.checkpoints, 'save').mockImplementationOnce(async (flow, lane, position, expected) => {
      await save(flow, lane, position, expected)
      throw new ConflictError('checkpoint-moved', 'another instance stored the same')
    })
    expect(await run(line, testRun().options)).toBe('finished')
    expect(line.source.reads).toBe(2)
  })

  it('takes a lost answer for stored when the position says so', async () => {
    let lost = 3
    const fault = (moment: string) => (moment === 'stored' && lost-- > 0 ? away() : undefined)
    const sink = memorySink<string>({ key, transactional: true, fault })
    const line = memoryLine({ sink })
    line.source.append('a', numbered('a', 50))
    line.source.end()
    expect(await run(line, testRun().options)).toBe('finished')
    expect(sink.items).toEqual(numbered('a', 50))
    expect(line.source.reads).toBe(1)
    expect(line.source.acknowledged('a')).toBe(50)
  })
})

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
})

describe('run: bugs', () => {
  it('throws what it does not know and acknowledges nothing more', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 30))
    line.source.append('b', numbered('b', 30))
    const store = line.sink.write.bind(line.sink)
    let release: () => void = () => undefined
    vi.spyOn(line.sink, 'write').mockImplementation(async (batch, context) => {
      if (batch.lane === 'b') {
        await new Promise<void>((resolve) => {
          release = resolve
        })
        await store(batch, context)
        return
      }
      throw new TypeError('a bug')
    })
    await expect(run(line, testRun().options)).rejects.toThrow('a bug')
    release()
    await new Promise((resolve) => setImmediate(resolve))
    expect([line.source.acknowledged('a'), line.source.acknowledged('b')]).toEqual([0, 0])
  })

  it('throws what the source throws, once', async () => {
    const source = memorySource<string>({ fault: () => new TypeError('a bug') })
    const line = memoryLine({ source })
    source.append('a', ['x'])
    await expect(run(line, testRun().options)).rejects.toThrow('a bug')
    expect(source.reads).toBe(1)
  })
})

describe('run: ending', () => {
  it('drains: finishes what was read, reads nothing more', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 1_000))
    let release: () => void = () => undefined
    const store = line.sink.write.bind(line.sink)
    vi.spyOn(line.sink, 'write').mockImplementation(async (batch, context) => {
      if (release !== undefined && batch.position === '10') {
        await new Promise<void>((resolve) => {
          release = resolve
        })
      }
      await store(batch, context)
    })
    const { events, options, drain } = testRun()
    const running = run(line, options)
    await vi.waitFor(() => expect(line.sink.write).toHaveBeenCalled())
    await new Promise((resolve) => setImmediate(resolve))
    drain.abort()
    release()
    expect(await running).toBe('drained')
    // Four in the lane, and the one that waited for room.
    expect(line.source.acknowledged('a')).toBe(50)
    expect(line.sink.items).toHaveLength(50)
    expect(events.filter(({ type }) => type === 'draining')).toHaveLength(1)
  })

  it('drains although the sink is away', async () => {
    const line = memoryLine({ sink: memorySink<string>({ key, fault: away }) })
    line.source.append('a', numbered('a', 1_000))
    const { options, drain, events } = testRun()
    const running = run(line, options)
    await vi.waitFor(() => expect(events.some(({ type }) => type === 'retry')).toBe(true))
    drain.abort()
    expect(await running).toBe('drained')
    expect(line.source.acknowledged('a')).toBe(0)
    expect(events.slice(events.findIndex(({ type }) => type === 'draining')).map(({ type }) => type)).toEqual([
      'draining',
    ])
  })

  it('aborts when draining takes too long', async () => {
    const line = memoryLine()
    line.source.append('a', ['x'])
    vi.spyOn(line.sink, 'write').mockImplementation(never)
    const { options, drain } = testRun({ drainMs: 20 })
    const running = run(line, options)
    await vi.waitFor(() => expect(line.sink.write).toHaveBeenCalled())
    drain.abort()
    expect(await running).toBe('aborted')
  })

  it('aborts at once although write, acknowledgement or source never settle', async () => {
    for (const hanging of ['write', 'acknowledge', 'read', 'load'] as const) {
      const line = memoryLine()
      line.source.append('a', ['x'])
      const called = vi.fn()
      const hang = () => {
        called()
        return never()
      }
      if (hanging === 'write') vi.spyOn(line.sink, 'write').mockImplementation(hang)
      if (hanging === 'acknowledge') vi.spyOn(line.source, 'acknowledge').mockImplementation(hang)
      if (hanging === 'load') vi.spyOn(line.checkpoints, 'load').mockImplementation(hang)
      if (hanging === 'read') {
        // biome-ignore lint/correctness/useYield: it hangs before it would
        vi.spyOn(line.source, 'read').mockImplementation(async function* () {
          await hang()
        })
      }
      const { options, abort } = testRun()
      const running = run(line, options)
      await vi.waitFor(() => expect(called).toHaveBeenCalled())
      const abortedAt = Date.now()
      abort.abort()
      expect(await running, hanging).toBe('aborted')
      expect(Date.now() - abortedAt).toBeLessThan(500)
    }
  })

  it('does nothing when it is told to end before it begins', async () => {
    for (const end of ['drain', 'abort'] as const) {
      const line = memoryLine()
      const test = testRun()
      test[end].abort()
      expect(await run(line, test.options)).toBe(end === 'drain' ? 'drained' : 'aborted')
      expect(line.source.reads).toBe(0)
    }
  })

  it('ends when the source has caught up', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 95))
    const { events, options } = testRun({ untilCaughtUp: true })
    expect(await run(line, options)).toBe('caught-up')
    expect(line.sink.items).toHaveLength(95)
    expect(events.filter(({ type }) => type === 'caught-up')).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'draining')).toHaveLength(0)
  })

  it('throws what caughtUp throws, and waits out what is unavailable', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 5))
    const caughtUp = line.source.caughtUp.bind(line.source)
    const spy = vi.spyOn(line.source, 'caughtUp').mockRejectedValueOnce(away()).mockImplementation(caughtUp)
    expect(await run(line, testRun({ untilCaughtUp: true }).options)).toBe('caught-up')
    spy.mockRejectedValue(new TypeError('a bug'))
    await expect(run(line, testRun({ untilCaughtUp: true }).options)).rejects.toThrow('a bug')
  })

  it('refuses to read a source a second time that does not end its iteration', async () => {
    const line = memoryLine()
    const stuck: AsyncIterable<Batch<string>> = {
      [Symbol.asyncIterator]: () => {
        let asked = 0
        return {
          next: () =>
            asked++ === 0
              ? Promise.resolve({ done: false, value: { lane: 'a', position: '1', items: ['x'] } })
              : never(),
        }
      },
    }
    const source = {
      read: () => stuck,
      acknowledge: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }
    vi.spyOn(line.checkpoints, 'save').mockRejectedValue(new ConflictError('checkpoint-moved', 'another instance'))
    const { options } = testRun({ closeDeadlineMs: 10 })
    await expect(run({ ...line, source }, options)).rejects.toMatchObject({ code: 'source-stuck' })
  })
})
