import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { ObjectStore } from '../../../src/core/object-store.js'

const { signal } = new AbortController()

/** Objects of random sizes up to `bytes`, the first as large as may be, come back as they were. */
export async function expectRoundTrips(
  store: ObjectStore,
  { objects, bytes }: { objects: number; bytes: number },
): Promise<void> {
  for (let index = 0; index < objects; index++) {
    const size = index === 0 ? bytes : Math.floor(Math.random() * 100_000)
    const content = Buffer.from(Array.from({ length: size }, (_, at) => (at * 31 + index) % 251))
    const name = `trip-${index}.bin`
    const writer = await store.create(name, { contentType: 'application/octet-stream', signal })
    for (let at = 0; at < size; at += 1_000_000) await writer.write(content.subarray(at, at + 1_000_000))
    await writer.commit()
    const hash = createHash('sha256')
    for await (const chunk of store.read(name, signal)) hash.update(chunk)
    expect(hash.digest('hex'), name).toBe(createHash('sha256').update(content).digest('hex'))
  }
  expect((await store.list('trip-', signal)).length).toBe(objects)
}
