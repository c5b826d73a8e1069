import { expect } from 'vitest'
import { ConfigError, ConflictError } from '../../src/core/errors.js'
import { isObjectMissing, type ObjectStore, type PutOptions } from '../../src/core/object-store.js'
import { type ContractOptions, type ContractTests, contract } from './contract.js'

/** A store that nothing else uses; empty. */
export interface StoreSubject extends AsyncDisposable {
  readonly store: ObjectStore
}

const { signal } = new AbortController()
const JSON_TYPE = 'application/json'

/** The contract of `ObjectStore`. */
export function objectStoreContract(
  name: string,
  open: () => Promise<StoreSubject>,
  options: ContractOptions = {},
): void {
  const withStore =
    (work: (store: ObjectStore) => Promise<void>): (() => Promise<void>) =>
    async () => {
      await using subject = await open()
      await work(subject.store)
    }
  contract(name, { ...writing(withStore), ...naming(withStore), ...clearing(withStore) }, options)
}

type WithStore = (work: (store: ObjectStore) => Promise<void>) => () => Promise<void>

const writing = (withStore: WithStore): ContractTests => ({
  'gives back exactly the bytes that were written, in however many pieces': withStore(async (store) => {
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7919) % 251))
    const writer = await store.create('a.bin', { contentType: 'application/octet-stream', signal })
    for (let at = 0; at < bytes.length; at += 700_001) await writer.write(bytes.subarray(at, at + 700_001))
    await writer.commit()
    expect((await read(store, 'a.bin')).equals(bytes)).toBe(true)
    expect(await store.list('', signal)).toMatchObject([{ name: 'a.bin', bytes: bytes.length }])
  }),

  'holds objects of no bytes': withStore(async (store) => {
    await put(store, 'empty.json', '')
    expect((await read(store, 'empty.json')).length).toBe(0)
    expect(await store.list('', signal)).toMatchObject([{ name: 'empty.json', bytes: 0 }])
  }),

  'shows nothing of an object before it is committed': withStore(async (store) => {
    const writer = await store.create('late.json', { contentType: JSON_TYPE, signal })
    await writer.write(Buffer.alloc(6_000_000, 'x'))
    expect(await store.list('', signal)).toEqual([])
    await expect(read(store, 'late.json')).rejects.toSatisfy(isObjectMissing)
    await writer.commit()
    expect((await read(store, 'late.json')).length).toBe(6_000_000)
  }),

  'leaves nothing of an object that was aborted': withStore(async (store) => {
    const writer = await store.create('never.json', { contentType: JSON_TYPE, signal })
    await writer.write(Buffer.alloc(6_000_000, 'x'))
    await writer.abort()
    await writer.abort()
    expect(await store.list('', signal)).toEqual([])
    await put(store, 'never.json', 'now')
    expect(String(await read(store, 'never.json'))).toBe('now')
  }),

  'keeps an object whose writer is aborted after the commit': withStore(async (store) => {
    const writer = await store.create('kept.json', { contentType: JSON_TYPE, signal })
    await writer.write(Buffer.from('1'))
    await writer.commit()
    await writer.abort()
    expect(String(await read(store, 'kept.json'))).toBe('1')
  }),

  'lets exactly one of many writers of a name commit': withStore(async (store) => {
    const writers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const writer = await store.create('one.json', { contentType: JSON_TYPE, signal })
        await writer.write(Buffer.from(`writer ${index}`))
        return writer
      }),
    )
    const ends = await Promise.allSettled(writers.map((writer) => writer.commit()))
    const winners = ends.flatMap((end, index) => (end.status === 'fulfilled' ? [index] : []))
    expect(winners).toHaveLength(1)
    expect(String(await read(store, 'one.json'))).toBe(`writer ${winners[0]}`)
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(ConflictError)
    await Promise.all(writers.map((writer) => writer.abort()))
    expect(await store.list('', signal)).toHaveLength(1)
  }),

  'replaces an object at once: a reader gets one or the other, whole': withStore(async (store) => {
    const versions = [0, 1, 2, 3, 4, 5, 6, 7].map((version) => String(version).repeat(300_000))
    await put(store, 'latest.json', versions[0] ?? '', { replace: true })
    let over = false
    const reading = (async () => {
      const seen = new Set<string>()
      while (!over) {
        const text = await read(store, 'latest.json').catch((error: unknown) => {
          // When a connection was lost in the middle and the rest is of another version by then.
          if (!(error instanceof ConflictError && error.code === 'object-replaced')) throw error
          return undefined
        })
        if (text !== undefined) seen.add(String(text))
      }
      return seen
    })()
    for (const version of versions) await put(store, 'latest.json', version, { replace: true })
    over = true
    const seen = await reading
    expect([...seen].filter((text) => !versions.includes(text)).map((text) => text.length)).toEqual([])
    expect(String(await read(store, 'latest.json'))).toBe(versions.at(-1))
  }),

  'makes an object of another one, where it can, and each can be deleted by itself': withStore(async (store) => {
    if (store.copier === undefined) return
    const { copier } = store
    const bytes = Buffer.alloc(6_000_000, 'x')
    await put(store, 'one.json', bytes.toString())
    await copier.copy('one.json', 'other.json', { contentType: JSON_TYPE, signal })
    await store.delete(['one.json'], signal)
    expect((await read(store, 'other.json')).equals(bytes)).toBe(true)
    expect(await store.list('', signal)).toMatchObject([{ name: 'other.json', bytes: bytes.length }])
    const missing = copier.copy('one.json', 'third.json', { contentType: JSON_TYPE, signal })
    await expect(missing).rejects.toSatisfy(isObjectMissing)
    expect(await store.list('', signal)).toHaveLength(1)
  }),

  'does nothing for a caller that has gone': withStore(async (store) => {
    const gone = AbortSignal.abort()
    await expect(put(store, 'a.json', '1', { signal: gone })).rejects.toThrow()
    expect(await store.list('', signal)).toEqual([])
  }),
})

const naming = (withStore: WithStore): ContractTests => ({
  'refuses names that lead elsewhere': withStore(async (store) => {
    for (const name of ['../a', 'a/b', '..', '.hidden', '', 'a\0b', 'C:a', 'ü.json', 'a b', 'x'.repeat(201), '/a']) {
      await expect(put(store, name, '1'), name).rejects.toThrow(ConfigError)
      await expect(read(store, name), name).rejects.toThrow(ConfigError)
      await expect(store.delete([name], signal), name).rejects.toThrow(ConfigError)
    }
    expect(await store.list('', signal)).toEqual([])
  }),

  'lists by prefix, in order of name, what was committed before': withStore(async (store) => {
    for (const name of ['b-2', 'a-1', 'b-10', 'b.json']) await put(store, name, name)
    expect((await store.list('b-', signal)).map((object) => object.name)).toEqual(['b-10', 'b-2'])
    expect((await store.list('', signal)).map((object) => object.name)).toEqual(['a-1', 'b-10', 'b-2', 'b.json'])
    expect(await store.list('c', signal)).toEqual([])
  }),

  'dates objects by their commit': withStore(async (store) => {
    const before = Date.now()
    await put(store, 'now.json', '1')
    const [object] = await store.list('now', signal)
    expect(Math.abs((object?.modifiedAt ?? 0) - before)).toBeLessThan(60_000)
  }),

  'says that an object is missing': withStore(async (store) => {
    await expect(read(store, 'nowhere.json')).rejects.toSatisfy(isObjectMissing)
  }),
})

const clearing = (withStore: WithStore): ContractTests => ({
  'deletes what is named and nothing else, also when it is not there': withStore(async (store) => {
    for (const name of ['a', 'b', 'c']) await put(store, name, name)
    await store.delete(['a', 'c', 'nowhere'], signal)
    await store.delete([], signal)
    expect((await store.list('', signal)).map((object) => object.name)).toEqual(['b'])
  }),

  'sweeps what was never finished once it is old, and nothing else': withStore(async (store) => {
    await put(store, 'x-done', '1')
    for (const name of ['x-lost', 'y-lost']) {
      const writer = await store.create(name, { contentType: JSON_TYPE, signal })
      await writer.write(Buffer.alloc(6_000_000, 'x'))
    }
    expect(await store.sweep('x-', 3_600_000, signal)).toBe(0)
    expect(await store.sweep('x-', -60_000, signal)).toBe(1)
    expect(await store.sweep('x-', -60_000, signal)).toBe(0)
    expect(await store.sweep('y-', -60_000, signal)).toBe(1)
    expect((await store.list('', signal)).map((object) => object.name)).toEqual(['x-done'])
  }),

  'finds itself in order': withStore(async (store) => {
    expect((await store.diagnose(signal)).map(({ level }) => level)).toEqual(['ok'])
    expect(await store.list('', signal)).toEqual([])
  }),
})

async function put(store: ObjectStore, name: string, text: string, options: Partial<PutOptions> = {}): Promise<void> {
  const writer = await store.create(name, { contentType: JSON_TYPE, signal, ...options })
  try {
    await writer.write(Buffer.from(text))
    await writer.commit()
  } catch (error) {
    await writer.abort()
    throw error
  }
}

async function read(store: ObjectStore, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read(name, signal)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
