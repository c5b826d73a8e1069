import { describe, expect, it } from 'vitest'
import { UnavailableError } from '../../../core/errors.js'
import { storeUnavailable } from '../object-errors.js'
import { Attempts } from './attempts.js'
import { StoreWatch } from './store-watch.js'

const { signal } = new AbortController()
const translate = (error: unknown) => storeUnavailable('s3://feeds/a', 'connection refused', error)

describe('a store whose requests fail', () => {
  it('says so long before it gives up, and that it works again, once each', async () => {
    const attempts = new Attempts({ timeoutMs: 1_000, retryMs: 60_000 })
    const told: (string | undefined)[] = []
    const end = attempts.watch.add((reason) => told.push(reason))
    let failures = 0
    const work = async () => {
      failures += 1
      if (failures < 6) throw new Error('no')
      return told.length
    }
    const first = attempts.run({ what: 'a', signal, translate }, work)
    const second = attempts.run({ what: 'b', signal, translate }, work)
    expect(await Promise.all([first, second])).toEqual(expect.arrayContaining([1]))
    expect(told).toEqual(['s3://feeds/a: connection refused', undefined])
    end()
    failures = 0
    await attempts.run({ what: 'a', signal, translate }, work)
    expect(told).toHaveLength(2)
  })

  it('says nothing of a request that fails once or twice and is soon answered', () => {
    const watch = new StoreWatch()
    const told: (string | undefined)[] = []
    watch.add((reason) => told.push(reason))
    const request = {}
    watch.failed(request, { failures: 1, ms: 5, reason: 'a' })
    watch.failed(request, { failures: 2, ms: 50, reason: 'b' })
    watch.worked(request)
    expect(told).toEqual([])
    watch.failed(request, { failures: 1, ms: 1_000, reason: 'one attempt that was slow' })
    expect(told).toEqual(['one attempt that was slow'])
  })

  it('works again when none of its requests fails any more', () => {
    const watch = new StoreWatch()
    const told: (string | undefined)[] = []
    watch.add((reason) => told.push(reason))
    const [one, other] = [{}, {}]
    for (const request of [one, other]) watch.failed(request, { failures: 3, ms: 10, reason: 'away' })
    watch.worked(one)
    watch.worked({})
    expect(told).toEqual(['away'])
    watch.worked(other)
    expect(told).toEqual(['away', undefined])
  })

  it('is begun anew by a watcher that comes when everybody has given up, and told to one that comes meanwhile', async () => {
    const attempts = new Attempts({ timeoutMs: 1_000, retryMs: 1 })
    const { watch } = attempts
    const [before, meanwhile, after]: (string | undefined)[][] = [[], [], []]
    watch.add((reason) => before?.push(reason))
    const request = {}
    watch.failed(request, { failures: 3, ms: 10, reason: 'away' })
    watch.add((reason) => meanwhile?.push(reason))
    expect([before, meanwhile]).toEqual([['away'], ['away']])
    watch.left(request)
    watch.add((reason) => after?.push(reason))
    await expect(
      attempts.run({ what: 'a', signal, translate }, () => Promise.reject(new Error('no'))),
    ).rejects.toBeInstanceOf(UnavailableError)
    expect(after).toEqual([])
    watch.failed(request, { failures: 3, ms: 10, reason: 'away again' })
    expect(after).toEqual(['away again'])
  })
})
