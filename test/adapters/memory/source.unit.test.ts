import { type MemorySource, memorySource } from 'lockstep/memory'
import { describe, expect, it } from 'vitest'
import { UnavailableError } from '../../../src/core/errors.js'
import { sourceContract } from '../../contracts/source.js'

for (const resume of ['checkpoint', 'acknowledge'] as const) {
  sourceContract(`memory, resume by ${resume}`, async () => {
    let gone = false
    let produced = 0
    const source: MemorySource<string> = memorySource<string>({
      batchItems: 10,
      resume,
      fault: () => (gone ? new UnavailableError('gone', 'the server went away') : undefined),
    })
    return {
      source,
      async produce(count: number) {
        const ids = Array.from({ length: count }, () => `item ${produced++}`)
        source.append(
          'even',
          ids.filter((_, at) => at % 2 === 0),
        )
        source.append(
          'odd',
          ids.filter((_, at) => at % 2 === 1),
        )
        return ids
      },
      identify: (item: string) => item,
      requests: () => source.reads,
      reopen: async () => source,
      end: async () => source.end(),
      away: async (away: boolean) => {
        gone = away
      },
      async [Symbol.asyncDispose]() {},
    }
  })
}

describe('memorySource', () => {
  it('refuses acknowledgements out of order, twice, or of what it never gave', async () => {
    const source = memorySource<string>({ batchItems: 1 })
    source.append('a', ['x', 'y'])
    source.end()
    const batches = []
    for await (const batch of source.read(new Map(), new AbortController().signal)) batches.push(batch)
    const [first, second] = batches
    if (first === undefined || second === undefined) throw new Error('two batches were expected')
    await expect(source.acknowledge(second)).rejects.toThrow('out of order')
    await source.acknowledge(first)
    await expect(source.acknowledge(first)).rejects.toThrow('never read')
  })
})
