import { memorySink } from 'lockstep/memory'
import { describe, expect, it, vi } from 'vitest'
import type { Batch } from '../../src/core/batch.js'
import { ConflictError, UnavailableError } from '../../src/core/errors.js'
import { run } from '../../src/engine/run.js'
import { memoryLine, numbered, testRun } from './run-line.js'

const key = (item: string) => item
const away = () => new UnavailableError('gone', 'the server went away')
const never = () => new Promise<never>(() => undefined)

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
