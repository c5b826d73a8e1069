import { describe, expect, it } from 'vitest'
import { BATCH_LIMITS } from '../../core/stream.js'
import type { KafkaBatchPayload, KafkaClient } from './client.js'
import { Feed } from './feed.js'
import { parseStreamOptions } from './options.js'

const never = new AbortController().signal
const client: KafkaClient = {
  consumer: () => {
    throw new Error('not here')
  },
  producer: () => {
    throw new Error('not here')
  },
  admin: () => {
    throw new Error('not here')
  },
}

interface Arrival {
  readonly offsets: readonly number[]
  readonly last?: number
  /** Left out as the other client does. */
  readonly fetched?: number
}

function feedAt(offset: bigint, options: { bufferBytes?: number; examined?: bigint } = {}) {
  const did: string[] = []
  const { bufferBytes = 1_000_000, examined } = options
  const feed = new Feed({
    settings: parseStreamOptions({ client, topics: ['t'], groupId: 'g', bufferBytes, heartbeatMs: 20 }),
    options: { flow: 'f', batch: { ...BATCH_LIMITS, waitMs: 0 }, lanes: 1, notice: () => undefined },
    starts: [{ topic: 't', partition: 0, lane: 't/0', offset, keep: false }],
    steering: {
      pause: () => did.push('pause'),
      resume: () => did.push('resume'),
      seek: (_, to) => did.push(`seek ${to}`),
    },
    examine: async (_, at) => examined ?? at,
  })
  const arrive = ({ offsets, last = offsets.at(-1) ?? 0, fetched }: Arrival) => {
    const payload: KafkaBatchPayload = {
      batch: {
        topic: 't',
        partition: 0,
        messages: offsets.map((at) => ({ key: null, value: Buffer.alloc(100), timestamp: '1', offset: String(at) })),
        lastOffset: () => String(last),
        ...(fetched === undefined ? {} : { fetchedOffset: String(fetched) }),
      },
      resolveOffset: (at) => did.push(`resolved ${at}`),
      heartbeat: async () => undefined,
      isStale: () => false,
    }
    return feed.arrived(payload)
  }
  const next = async () => {
    const batch = await feed.next(never)
    return [batch?.position, batch?.items.length]
  }
  return { feed, did, arrive, next }
}

describe('what an assignment brings', () => {
  it('goes over gaps of compaction and control records, within and after messages', async () => {
    const { arrive, next, did } = feedAt(5n)
    await arrive({ offsets: [5, 8, 9], last: 11, fetched: 5 })
    expect(await next()).toEqual(['12', 3])
    await arrive({ offsets: [20], fetched: 12 })
    expect(await next()).toEqual(['21', 1])
    expect(did).toEqual(['resolved 11', 'resolved 20'])
  })

  it('saves a position for records that are not for readers', async () => {
    const { feed, next } = feedAt(5n)
    feed.passed({ topic: 't', partition: 0 }, 5n, 7n)
    expect(await next()).toEqual(['8', 0])
  })

  it('goes back to what was next when the client comes with something else, and takes neither', async () => {
    const { arrive, next, did } = feedAt(5n)
    await arrive({ offsets: [50, 51], fetched: 50 })
    await arrive({ offsets: [0, 1], fetched: 0 })
    expect(did).toEqual(['seek 5', 'seek 5'])
    await arrive({ offsets: [5], fetched: 5 })
    expect(await next()).toEqual(['6', 1])
  })

  it('takes messages after a gap from a client that does not say where it began, once nothing is found missing', async () => {
    const { arrive, next, did } = feedAt(5n)
    await arrive({ offsets: [9, 10] })
    expect(await next()).toEqual(['11', 2])
    expect(did).toEqual(['resolved 10'])
  })

  it('begins where it is told to after messages were lost', async () => {
    const { arrive, did } = feedAt(5n, { examined: 30n })
    await arrive({ offsets: [30, 31], fetched: 30 })
    expect(did).toEqual(['seek 30'])
  })

  it('believes in a gap before control records when it is there a second time', async () => {
    const { feed, next, did } = feedAt(5n)
    feed.passed({ topic: 't', partition: 0 }, 9n, 9n)
    await expect.poll(() => did).toEqual(['seek 5'])
    feed.passed({ topic: 't', partition: 0 }, 9n, 9n)
    expect(await next()).toEqual(['10', 0])
  })

  it('takes nothing, and resolves nothing, once it has ended', async () => {
    const { feed, arrive, did } = feedAt(5n)
    await arrive({ offsets: [5], fetched: 5 })
    feed.end(new Error('reassigned'))
    await arrive({ offsets: [6], fetched: 6 })
    expect(did).toEqual(['resolved 5'])
    await expect(feed.next(never)).rejects.toThrow('reassigned')
  })

  it('pauses its partition while the buffer is full, and resumes it when half is taken', async () => {
    const { arrive, next, did } = feedAt(0n, { bufferBytes: 1_024 })
    await arrive({ offsets: Array.from({ length: 20 }, (_, at) => at), fetched: 0 })
    expect(did).toEqual(['resolved 19', 'pause'])
    expect(await next()).toEqual(['20', 20])
    expect(did.at(-1)).toBe('resume')
  })
})
