import { memoryStream } from 'lockstep/memory'
import { expect, it } from 'vitest'
import { UnavailableError } from '../../../src/core/errors.js'
import { BATCH_LIMITS } from '../../../src/core/stream.js'
import { sourceContract } from '../../contracts/source.js'

const options = { flow: 'contract', batch: { ...BATCH_LIMITS, items: 10 }, lanes: 2, notice: () => {} }

for (const resume of ['checkpoint', 'acknowledge'] as const) {
  sourceContract(`memory stream, resume by ${resume}`, async () => {
    let gone = false
    let produced = 0
    let asked = 0
    const stream = memoryStream({
      resume,
      fault: () => {
        asked++
        return gone ? new UnavailableError('gone', 'the server went away') : undefined
      },
    })
    return {
      source: stream.source(options),
      async produce(count) {
        const ids = Array.from({ length: count }, () => `message ${produced++}`)
        for (const [at, id] of ids.entries()) stream.append({ id, body: id, stream: at % 2 === 0 ? 'even' : 'odd' })
        return ids
      },
      identify: ({ id }) => id,
      requests: () => asked,
      reopen: async () => stream.source(options),
      end: async () => stream.end(),
      away: async (away) => {
        gone = away
      },
      async [Symbol.asyncDispose]() {},
    }
  })
}

it('makes whole messages of what is appended', async () => {
  const stream = memoryStream({ label: 'memory://x' })
  stream.append({ json: { a: 1 } }, { id: 'b', body: 'text', headers: { h: 'v' }, type: 't', revision: 9n })
  stream.end()
  const messages = []
  for await (const { items } of stream.source(options).read(new Map(), new AbortController().signal)) {
    messages.push(...items)
  }
  expect(messages.map(({ id, body, stream: from }) => [id, Buffer.from(body).toString(), from])).toEqual([
    ['1', '{"a":1}', 'memory'],
    ['b', 'text', 'memory'],
  ])
  expect(messages[1]).toMatchObject({ headers: { h: 'v' }, type: 't', revision: 9n, key: undefined })
})
