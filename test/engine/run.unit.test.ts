import { memorySink, memorySource } from 'lockstep/memory'
import { describe, expect, it, vi } from 'vitest'
import type { Batch } from '../../src/core/batch.js'
import { ConflictError, ReassignedError, UnavailableError } from '../../src/core/errors.js'
import { run } from '../../src/engine/run.js'
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
    await line.checkpoints.save({ flow: FLOW, lane: 'a', position: '20', expected: undefined })
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
  it('reads on from the checkpoints at once when its lanes were reassigned, which is no failure', async () => {
    const faults = [undefined, new ReassignedError('rebalanced', 'the group was rebalanced'), undefined]
    const line = memoryLine({ source: memorySource<string>({ batchItems: 5, fault: () => faults.shift() }) })
    line.source.append('a', numbered('a', 15))
    line.source.end()
    const load = vi.spyOn(line.checkpoints, 'load')
    const { events, options } = testRun()
    expect(await run(line, options)).toBe('finished')
    expect(line.sink.items).toEqual(numbered('a', 15))
    expect([load.mock.calls.length, line.source.reads]).toEqual([2, 2])
    expect(events.filter(({ type }) => type === 'retry' || type === 'health')).toEqual([])
  })

  it('loads the checkpoints again and restarts', async () => {
    const line = memoryLine()
    line.source.append('a', numbered('a', 30))
    line.source.end()
    const save = line.checkpoints.save.bind(line.checkpoints)
    let moved = false
    vi.spyOn(line.checkpoints, 'save').mockImplementation(async (move) => {
      if (!moved) {
        moved = true
        await save({ ...move, position: '20' })
      }
      await save(move)
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
    vi.spyOn(line.checkpoints, 'save').mockImplementationOnce(async (move) => {
      await save(move)
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
