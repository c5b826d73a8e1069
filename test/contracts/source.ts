import { expect, vi } from 'vitest'
import type { Batch, Checkpoints, Lane, Position } from '../../src/core/batch.js'
import type { Source } from '../../src/core/source.js'
import { type ContractOptions, contract } from './contract.js'

export interface SourceHarness<Item> extends AsyncDisposable {
  readonly source: Source<Item>
  /**
   * Makes `count` more items readable, committed when it resolves, in more than one lane if the source has lanes of its
   * own choosing. Answers their identities, in the order of each lane.
   */
  produce(count: number): Promise<readonly string[]>
  identify(item: Item): string
  /** How often the system behind the source has been asked for anything. */
  requests(): number
  /** The same system, read by another run: as after a restart of the program. */
  reopen(): Promise<Source<Item>>
  /** No more items will come; left out when the source is endless. */
  end?(): Promise<void>
  /** The system goes away (`true`), or is back. */
  away(gone: boolean): Promise<void>
}

interface Reading<Item> {
  readonly batches: readonly Batch<Item>[]
  readonly checkpoints: Checkpoints
}

/** What core/source.ts promises. Each call of `open` gives a source with nothing to read. */
export function sourceContract<Item>(
  name: string,
  open: () => Promise<SourceHarness<Item>>,
  options?: ContractOptions,
): void {
  const using = (test: (harness: SourceHarness<Item>) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(`${name}: Source`, { ...reading(using), ...ending(using), ...catchingUp(using) }, options)
}

type Using<Item> = (test: (harness: SourceHarness<Item>) => Promise<void>) => () => Promise<void>

function reading<Item>(using: Using<Item>) {
  return {
    'does nothing until the first batch is asked for': using(async ({ source, produce, requests }) => {
      await produce(5)
      const before = requests()
      const { signal } = new AbortController()
      const iterator = source.read(new Map(), signal)[Symbol.asyncIterator]()
      await new Promise((resolve) => setImmediate(resolve))
      expect(requests()).toBe(before)
      await iterator.next()
      expect(requests()).toBeGreaterThan(before)
      await iterator.return?.()
    }),
    'gives every item': using(async (harness) => {
      const ids = await harness.produce(250)
      const { batches } = await readUntil(harness, ids)
      expect(new Set(identities(harness, batches))).toEqual(new Set(ids))
    }),
    'gives what comes while it is being read': using(async (harness) => {
      const first = await harness.produce(5)
      const later: string[] = []
      const more = async () => {
        if (later.length === 0) later.push(...(await harness.produce(5)))
        return later
      }
      const { batches } = await readUntil(harness, first, { more })
      expect(new Set(identities(harness, batches))).toEqual(new Set([...first, ...later]))
    }),
    'gives the items of a lane in their order': using(async (harness) => {
      const ids = await harness.produce(250)
      const { batches } = await readUntil(harness, ids)
      expectLaneOrder(harness, ids, batches)
    }),
    'names a moment at which the items could not be read yet': using(async (harness) => {
      const ids = await harness.produce(5)
      const { batches } = await readUntil(harness, ids)
      for (const { unseenAt = 0 } of batches) expect(unseenAt).toBeLessThanOrEqual(Date.now())
    }),
    'goes on after what was acknowledged with its checkpoint': using(async (harness) => {
      const ids = await harness.produce(250)
      const { checkpoints: from } = await readUntil(harness, ids, { acknowledge: 'all' })
      const later = await harness.produce(5)
      await readUntil(harness, later, { source: await harness.reopen(), from })
    }),
    'reads nothing again that was acknowledged with its checkpoint': using(async (harness) => {
      const ids = await harness.produce(250)
      const { checkpoints: from } = await readUntil(harness, ids, { acknowledge: 'all' })
      const later = await harness.produce(5)
      const { batches } = await readUntil(harness, later, { source: await harness.reopen(), from })
      expect(new Set(identities(harness, batches))).toEqual(new Set(later))
    }),
    'reads again, in order, what was not acknowledged': using(async (harness) => {
      const ids = await harness.produce(250)
      const first = await readUntil(harness, ids, { acknowledge: 'half' })
      const left = first.batches.slice(first.batches.length >> 1)
      const wanted = identities(harness, left)
      expect(wanted.length).toBeGreaterThan(0)
      const again = await readUntil(harness, wanted, { source: await harness.reopen(), from: first.checkpoints })
      expectLaneOrder(harness, ids, again.batches)
    }),
    'can be read a second time by the same object': using(async (harness) => {
      const ids = await harness.produce(20)
      await readUntil(harness, ids)
      const { batches } = await readUntil(harness, ids)
      expect(new Set(identities(harness, batches))).toEqual(new Set(ids))
    }),
  }
}

function ending<Item>(using: Using<Item>) {
  return {
    'ends soon after its signal aborts, though nothing comes': using(async ({ source, produce }) => {
      await produce(1)
      const controller = new AbortController()
      const iterator = source.read(new Map(), controller.signal)[Symbol.asyncIterator]()
      await iterator.next()
      const next = drainAll(iterator)
      controller.abort()
      await expect(Promise.race([next, timeout(2_000)])).resolves.toBe('ended')
    }),
    'gives nothing when its signal has aborted before': using(async ({ source, produce }) => {
      await produce(1)
      const iterator = source.read(new Map(), AbortSignal.abort())[Symbol.asyncIterator]()
      await expect(Promise.race([drainAll(iterator), timeout(2_000)])).resolves.toBe('ended')
    }),
    'ends when a finite source is exhausted': using(async ({ source, produce, end }) => {
      if (end === undefined) return
      await produce(5)
      await end()
      const iterator = source.read(new Map(), new AbortController().signal)[Symbol.asyncIterator]()
      await expect(Promise.race([drainAll(iterator), timeout(2_000)])).resolves.toBe('ended')
    }),
    'throws an UnavailableError when the system goes away, and can be read again when it is back': using(
      async (harness) => {
        const ids = await harness.produce(20)
        await harness.away(true)
        await expect(readUntil(harness, ids)).rejects.toMatchObject({ name: 'UnavailableError' })
        await harness.away(false)
        const { batches } = await readUntil(harness, ids)
        expect(new Set(identities(harness, batches))).toEqual(new Set(ids))
      },
    ),
  }
}

function catchingUp<Item>(using: Using<Item>) {
  return {
    'caughtUp resolves when all that was there is acknowledged, not before': using(async (harness) => {
      const { source, produce } = harness
      if (source.caughtUp === undefined) return
      const ids = await produce(20)
      const controller = new AbortController()
      const seen: string[] = []
      const held: Batch<Item>[] = []
      const loop = (async () => {
        for await (const batch of source.read(new Map(), controller.signal)) {
          seen.push(...identities(harness, [batch]))
          held.push(batch)
        }
      })()
      await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(20), { timeout: 20_000 })
      let caughtUp = false
      const waiting = source.caughtUp(controller.signal).then(() => {
        caughtUp = true
      })
      await new Promise((resolve) => setImmediate(resolve))
      expect(caughtUp).toBe(false)
      expect(new Set(seen)).toEqual(new Set(ids))
      for (const batch of held) await source.acknowledge(batch)
      await waiting
      controller.abort()
      await loop
    }),
    'caughtUp ends when its signal aborts': using(async ({ source, produce }) => {
      if (source.caughtUp === undefined) return
      await produce(1)
      const controller = new AbortController()
      const waiting = source.caughtUp(controller.signal).then(
        () => 'ended',
        () => 'ended',
      )
      controller.abort()
      await expect(Promise.race([waiting, timeout(2_000)])).resolves.toBe('ended')
    }),
  }
}

interface ReadOptions<Item> {
  /** Default the harness's own. */
  readonly source?: Source<Item>
  readonly from?: Checkpoints
  /** Adds to what is wanted, with each batch. */
  readonly more?: () => Promise<readonly string[]>
  /** Which of the batches to acknowledge at the end, with their checkpoints. Default none. */
  readonly acknowledge?: 'all' | 'half'
}

/** Reads until every wanted item has come at least once. */
async function readUntil<Item>(
  harness: SourceHarness<Item>,
  wanted: readonly string[],
  options: ReadOptions<Item> = {},
): Promise<Reading<Item>> {
  const { source = harness.source, from = new Map<Lane, Position>(), more, acknowledge } = options
  const missing = new Set(wanted)
  const controller = new AbortController()
  const batches: Batch<Item>[] = []
  for await (const batch of source.read(from, controller.signal)) {
    batches.push(batch)
    for (const id of (await more?.()) ?? []) missing.add(id)
    for (const id of identities(harness, batches)) missing.delete(id)
    if (missing.size === 0) break
  }
  controller.abort()
  expect([...missing]).toEqual([])
  const count = acknowledge === 'all' ? batches.length : acknowledge === 'half' ? batches.length >> 1 : 0
  const checkpoints = new Map<Lane, Position>(from)
  for (const batch of batches.slice(0, count)) {
    if (batch.position !== undefined) checkpoints.set(batch.lane, batch.position)
    await source.acknowledge(batch)
  }
  return { batches, checkpoints }
}

function expectLaneOrder<Item>(
  harness: SourceHarness<Item>,
  produced: readonly string[],
  batches: readonly Batch<Item>[],
): void {
  const order = new Map(produced.map((id, at) => [id, at]))
  for (const lane of new Set(batches.map((batch) => batch.lane))) {
    const inLane = batches.filter((batch) => batch.lane === lane)
    const places = identities(harness, inLane).map((id) => order.get(id) ?? -1)
    expect(places).toEqual([...places].sort((left, right) => left - right))
  }
}

function identities<Item>(harness: SourceHarness<Item>, batches: readonly Batch<Item>[]): readonly string[] {
  return batches.flatMap(({ items }) => [...items].map((item) => harness.identify(item)))
}

/** Whether it ends by returning or, its signal having aborted, by throwing. */
async function drainAll<Item>(iterator: AsyncIterator<Batch<Item>>): Promise<'ended'> {
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next());
  } catch {
    return 'ended'
  }
  return 'ended'
}

async function timeout(ms: number): Promise<'late'> {
  return new Promise((resolve) => setTimeout(resolve, ms, 'late').unref())
}
