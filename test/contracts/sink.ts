import { expect } from 'vitest'
import type { Batch } from '../../src/core/batch.js'
import { ConflictError, DataError } from '../../src/core/errors.js'
import type { Sink, WriteContext } from '../../src/core/sink.js'
import { type ContractOptions, contract } from './contract.js'

export interface SinkHarness<Item> extends AsyncDisposable {
  readonly sink: Sink<Item>
  /** Item number `index`, always the same for the same number. */
  make(index: number): Item
  /** An item that can never be stored. */
  makeBad(index: number): Item
  identify(item: Item): string
  /** Identities of what is stored, in any order, one per stored record: asked of the system, not of the sink. */
  stored(): Promise<readonly string[]>
  /** The system goes away (`true`), or is back. */
  away(gone: boolean): Promise<void>
}

const FLOW = 'contract'

/** What core/sink.ts promises. Each call of `open` gives a sink with nothing stored and no checkpoint saved. */
export function sinkContract<Item>(
  name: string,
  open: () => Promise<SinkHarness<Item>>,
  options?: ContractOptions,
): void {
  const using = (test: (harness: SinkHarness<Item>) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(`${name}: Sink`, { ...writing(using), ...refusing(using), ...savingPositions(using) }, options)
}

type Using<Item> = (test: (harness: SinkHarness<Item>) => Promise<void>) => () => Promise<void>

function writing<Item>(using: Using<Item>) {
  return {
    'stores the items of a batch': using(async (harness) => {
      const items = range(0, 1_000).map(harness.make)
      await harness.sink.write(batch(items), context())
      await expectStored(harness, items)
    }),
    'takes a batch without items, and one of one': using(async (harness) => {
      await harness.sink.write(batch<Item>([]), context())
      const item = harness.make(1)
      await harness.sink.write(batch([item]), context())
      await expectStored(harness, [item])
    }),
    'takes any Items, not only arrays': using(async (harness) => {
      const items = [harness.make(1), harness.make(2)]
      await harness.sink.write({ lane: 'a', position: undefined, items: notAnArray(items) }, context())
      await expectStored(harness, items)
    }),
    'stores nothing twice when a batch comes again': using(async (harness) => {
      const items = range(0, 20).map(harness.make)
      for (const attempt of [1, 2, 3]) await harness.sink.write(batch(items), context({ attempt }))
      await harness.sink.write(batch(items.slice(10)), context())
      await expectStored(harness, items)
    }),
    'takes batches of several lanes at the same time': using(async (harness) => {
      const batches = range(0, 4).map((lane) => ({
        ...batch(range(lane * 100, lane * 100 + 100).map(harness.make)),
        lane: `lane ${lane}`,
      }))
      await Promise.all(batches.map((one) => harness.sink.write(one, context())))
      await expectStored(harness, range(0, 400).map(harness.make))
    }),
    'throws an UnavailableError while the system is away, and works when it is back': using(async (harness) => {
      const items = [harness.make(1)]
      await harness.away(true)
      await expect(harness.sink.write(batch(items), context())).rejects.toMatchObject({ name: 'UnavailableError' })
      await harness.away(false)
      await harness.sink.write(batch(items), context({ attempt: 2 }))
      await expectStored(harness, items)
    }),
    'does not write when its signal has aborted': using(async (harness) => {
      const aborted = context({ signal: AbortSignal.abort() })
      await expect(harness.sink.write(batch([harness.make(1)]), aborted)).rejects.toBeDefined()
      await expectStored(harness, [])
    }),
  }
}

function refusing<Item>(using: Using<Item>) {
  const poisoned = (harness: SinkHarness<Item>) => [harness.make(1), harness.makeBad(2), harness.make(3)]
  return {
    'stores nothing of a batch with a bad item, and throws a DataError': using(async (harness) => {
      await expect(harness.sink.write(batch(poisoned(harness)), context())).rejects.toBeInstanceOf(DataError)
      await expectStored(harness, [])
    }),
    'names the bad items, or can probe for them': using(async (harness) => {
      const error: unknown = await harness.sink.write(batch(poisoned(harness)), context()).catch((caught) => caught)
      if (harness.sink.probe === undefined) expect(error).toMatchObject({ bad: [1] })
      else expect(error).toSatisfy(({ bad }: DataError) => bad === undefined || (bad.length === 1 && bad[0] === 1))
    }),
    'probes without any effect': using(async (harness) => {
      if (harness.sink.probe === undefined) return
      await harness.sink.probe([harness.make(1), harness.make(3)], context())
      await expect(harness.sink.probe(poisoned(harness), context())).rejects.toBeInstanceOf(DataError)
      await expect(harness.sink.probe([harness.makeBad(2)], context())).rejects.toBeInstanceOf(DataError)
      await expectStored(harness, [])
      if (harness.sink.checkpoints !== undefined) expect(await harness.sink.checkpoints.load(FLOW)).toEqual(new Map())
    }),
    'writes what is left without the bad item': using(async (harness) => {
      await harness.sink.write(batch(poisoned(harness)), context()).catch(() => undefined)
      await harness.sink.write(batch([harness.make(1), harness.make(3)]), context({ attempt: 2 }))
      await expectStored(harness, [harness.make(1), harness.make(3)])
    }),
  }
}

/** Sinks without `checkpoints` have nothing to promise here. */
function savingPositions<Item>(using: Using<Item>) {
  const saving = (
    test: (harness: SinkHarness<Item>, load: () => Promise<ReadonlyMap<string, string>>) => Promise<void>,
  ) =>
    using(async (harness) => {
      const { checkpoints } = harness.sink
      if (checkpoints !== undefined) await test(harness, () => checkpoints.load(FLOW))
    })
  return {
    'saves the position with the items': saving(async ({ sink, make }, load) => {
      await sink.write(batch([make(1)], '1'), context())
      await sink.write(batch([make(2)], '2'), context({ expected: '1' }))
      expect(await load()).toEqual(new Map([['a', '2']]))
    }),
    'saves the position of an empty batch': saving(async ({ sink }, load) => {
      await sink.write(batch<Item>([], '1'), context())
      expect(await load()).toEqual(new Map([['a', '1']]))
    }),
    'saves nothing for a batch without position': saving(async ({ sink, make }, load) => {
      await sink.write(batch([make(1)]), context())
      expect(await load()).toEqual(new Map())
    }),
    'stores neither items nor position when the checkpoint has moved': saving(async (harness, load) => {
      const { sink, make } = harness
      await sink.write(batch([make(1)], '1'), context())
      for (const expected of [undefined, '0']) {
        await expect(sink.write(batch([make(2)], '2'), context({ expected }))).rejects.toBeInstanceOf(ConflictError)
      }
      expect(await load()).toEqual(new Map([['a', '1']]))
      await expectStored(harness, [make(1)])
    }),
    'saves no position for a batch that is refused': saving(async ({ sink, makeBad }, load) => {
      await expect(sink.write(batch([makeBad(1)], '1'), context())).rejects.toBeInstanceOf(DataError)
      expect(await load()).toEqual(new Map())
    }),
    'lets one of two instances win': saving(async (harness, load) => {
      const { sink, make } = harness
      const outcomes = await Promise.allSettled([
        sink.write(batch([make(1)], '1'), context()),
        sink.write(batch([make(2)], '2'), context()),
      ])
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const winner = outcomes[0]?.status === 'fulfilled' ? 1 : 2
      expect(await load()).toEqual(new Map([['a', String(winner)]]))
      await expectStored(harness, [make(winner)])
    }),
  }
}

function range(start: number, end: number): readonly number[] {
  return Array.from({ length: end - start }, (_, at) => start + at)
}

function batch<Item>(items: readonly Item[], position?: string): Batch<Item> {
  return { lane: 'a', position, items }
}

function context(parts: Partial<WriteContext> = {}): WriteContext {
  return { flow: FLOW, attempt: 1, expected: undefined, signal: new AbortController().signal, ...parts }
}

function notAnArray<Item>(items: readonly Item[]): Batch<Item>['items'] {
  return {
    length: items.length,
    slice: (start, end) => notAnArray(items.slice(start, end)),
    [Symbol.iterator]: () => items[Symbol.iterator](),
  }
}

async function expectStored<Item>(harness: SinkHarness<Item>, items: readonly Item[]): Promise<void> {
  expect([...(await harness.stored())].sort()).toEqual(items.map(harness.identify).sort())
}
