import { describe, expect, it } from 'vitest'
import { OrderedPieces } from './ordered-pieces.js'

async function read(pieces: OrderedPieces): Promise<string[]> {
  const found: string[] = []
  for await (const piece of pieces.read()) found.push(String(piece))
  return found
}

describe('pieces of parts that are filled side by side', () => {
  it('come out in the order in which the parts were begun', async () => {
    const pieces = new OrderedPieces(3)
    const [first, second, third] = [await pieces.begin(), await pieces.begin(), await pieces.begin()]
    await third.put(Buffer.from('e'))
    third.end()
    await second.put(Buffer.from('c'))
    const reading = read(pieces)
    await first.put(Buffer.from('a'))
    await second.put(Buffer.from('d'))
    second.end()
    await first.put(Buffer.from('b'))
    first.end()
    pieces.end()
    expect(await reading).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('wait for their turn when a part is full, or there are too many parts', async () => {
    const pieces = new OrderedPieces(2)
    const [first, second] = [await pieces.begin(), await pieces.begin()]
    const done: string[] = []
    await second.put(Buffer.alloc(3_000_000))
    const full = second.put(Buffer.from('x')).then(() => done.push('put'))
    const many = pieces.begin().then((part) => {
      done.push('begun')
      part.end()
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(done).toEqual([])
    const reading = read(pieces)
    first.end()
    await many
    expect(done).toContain('begun')
    await full
    second.end()
    pieces.end()
    expect((await reading).length).toBe(2)
  })

  it('end with the first error, for the reader and for all who wait', async () => {
    const pieces = new OrderedPieces(1)
    const part = await pieces.begin()
    const waiting = pieces.begin()
    const reading = read(pieces)
    pieces.fail(new Error('cut off'))
    pieces.leave()
    await expect(reading).rejects.toThrow('cut off')
    await expect(waiting).rejects.toThrow('cut off')
    await expect(part.put(Buffer.from('x'))).rejects.toThrow('cut off')
  })
})
