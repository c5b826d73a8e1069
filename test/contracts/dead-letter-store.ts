import { expect, vi } from 'vitest'
import type { DeadLetter, DeadLetterStore, StoredLetter } from '../../src/core/dead-letter.js'
import { type ContractOptions, contract } from './contract.js'

export interface DeadLetterStoreHarness extends AsyncDisposable {
  readonly store: DeadLetterStore
  /** The same letters as another instance of the program sees them; may be `store` where there is only one. */
  readonly other: DeadLetterStore
}

const FLOW = 'contract'

const LETTER: DeadLetter = {
  flow: FLOW,
  lane: 'lane',
  stage: 'validate',
  code: 'schema',
  reason: 'port: too large',
  payload: '{"port":70000}',
  encoding: 'text',
  headers: { 'content-type': 'application/json' },
  origin: '{"stream":"scans"}',
  itemKey: 'message-1',
  position: '17',
  attempts: 1,
  held: false,
}

const numbered = (count: number, rest: Partial<DeadLetter> = {}): readonly DeadLetter[] =>
  Array.from({ length: count }, (_, at) => ({ ...LETTER, ...rest, itemKey: `item-${at}` }))

/** Times of stores are as fine as their clock, so two calls can only be told apart once it has moved. */
async function laterThan(store: DeadLetterStore, moment: string): Promise<void> {
  await vi.waitFor(
    async () => {
      await store.store([{ ...LETTER, flow: 'clock' }])
      expect((await one(store, 'clock')).lastAt > moment).toBe(true)
    },
    { interval: 2, timeout: 20_000 },
  )
}

async function one(store: DeadLetterStore, flow = FLOW): Promise<StoredLetter> {
  const [letter, ...more] = await store.list(flow, { states: ['dead', 'held', 'replayed', 'discarded'] })
  expect(more).toEqual([])
  if (letter === undefined) throw new Error('there is no letter')
  return letter
}

/** What core/dead-letter.ts promises. Each call of `open` gives a store without letters. */
export function deadLetterStoreContract(
  name: string,
  open: () => Promise<DeadLetterStoreHarness>,
  options?: ContractOptions,
): void {
  const using = (test: (harness: DeadLetterStoreHarness) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(
    `${name}: DeadLetterStore`,
    {
      'has a label without credentials': using(async ({ store }) => {
        expect(store.label).toMatch(/\S/)
        expect(store.label).not.toMatch(/:\/\/[^/]*@/)
      }),
      'gives nothing for a flow never seen': using(async ({ store }) => {
        await store.store([])
        expect(await store.list(FLOW)).toEqual([])
        expect(await store.count(FLOW)).toBe(0)
        expect(await store.mark(FLOW, [{ id: 'none', attempts: 1 }], 'replayed')).toBe(0)
        expect(await store.mark(FLOW, [], 'replayed')).toBe(0)
      }),
      'gives a letter back as it was stored': using(async ({ store, other }) => {
        const before = Date.now()
        await store.store([LETTER])
        const letter = await one(other)
        expect(letter).toEqual({
          ...LETTER,
          state: 'dead',
          id: expect.stringMatching(/^[\w-]{1,40}$/),
          firstAt: letter.lastAt,
          lastAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/),
        })
        expect(Math.abs(Date.parse(letter.lastAt) - before)).toBeLessThan(60_000)
      }),
      'keeps every character of a payload, and of headers and origin': using(async ({ store, other }) => {
        const texts = [
          '',
          'a\0b',
          '\0',
          '\ud800',
          '☃\u{1f600}',
          `'"\\{},NULL`,
          '\u2400',
          ' \n\t ',
          'x'.repeat(1_000_000),
        ]
        const headers = JSON.parse('{"__proto__":"p","":"empty","ü\\u0000":"a\\u0000b","toString":"t"}')
        const origin = JSON.stringify({ key: 'a\0b', big: '9007199254740993' })
        await store.store(texts.map((payload, at) => ({ ...LETTER, payload, headers, origin, itemKey: `${at}` })))
        const letters = [...(await other.list(FLOW))].sort((a, b) => Number(a.itemKey) - Number(b.itemKey))
        expect(letters.map(({ payload }) => payload)).toEqual(texts)
        for (const letter of letters) {
          expect(Object.entries(letter.headers).sort()).toEqual(Object.entries(headers).sort())
          expect(letter).toMatchObject({ origin, encoding: 'text' })
        }
      }),
      'keeps what is no text as base64, and nothing as nothing': using(async ({ store }) => {
        const payload = Buffer.from([0, 255, 128, 10]).toString('base64')
        await store.store([
          { ...LETTER, payload, encoding: 'base64', headers: {}, origin: undefined, position: undefined },
        ])
        const nothing = { headers: {}, origin: undefined, position: undefined }
        expect(await one(store)).toMatchObject({ payload, encoding: 'base64', ...nothing })
      }),
      'stores a letter whatever is in its other texts': using(async ({ store }) => {
        const odd = 'a\0b \ud800 ☃ \' " \\ '.repeat(500)
        await store.store([{ ...LETTER, lane: odd, code: odd, reason: odd, itemKey: odd, position: odd }])
        expect((await one(store)).reason).toContain('☃ \' " \\ ')
      }),
      'keeps flows apart': using(async ({ store }) => {
        await store.store([LETTER, { ...LETTER, flow: `${FLOW}-2`, attempts: 5 }])
        expect(await one(store)).toMatchObject({ flow: FLOW, attempts: 1 })
        expect(await one(store, `${FLOW}-2`)).toMatchObject({ flow: `${FLOW}-2`, attempts: 5 })
        const { id } = await one(store)
        await store.mark(`${FLOW}-2`, [{ id, attempts: 1 }], 'discarded')
        expect(await one(store)).toMatchObject({ state: 'dead' })
      }),
      'replaces the letter of the same item, adds attempts up and keeps when it failed first': using(
        async (harness) => {
          const { store, other } = harness
          await store.store([LETTER])
          const before = await one(store)
          await laterThan(store, before.lastAt)
          const later = { ...LETTER, stage: 'write', code: 'c2', reason: 'r2', payload: 'p2', attempts: 2 } as const
          const rest = { lane: 'l2', position: '18', headers: { a: 'b' }, origin: undefined, held: true }
          await other.store([{ ...later, ...rest }])
          const after = await one(store)
          const { id, firstAt } = before
          expect(after).toEqual({ ...later, ...rest, id, firstAt, attempts: 3, state: 'held', lastAt: after.lastAt })
          expect(after.lastAt > before.lastAt).toBe(true)
        },
      ),
      'takes the last of several letters of one item, with the attempts of all': using(async ({ store }) => {
        const [first, second] = [
          { ...LETTER, attempts: 2 },
          { ...LETTER, reason: 'second', attempts: 3 },
        ]
        await store.store([first, { ...LETTER, itemKey: 'message-2' }, second])
        const letters = await store.list(FLOW)
        expect(letters.map(({ itemKey, reason, attempts }) => [itemKey, reason, attempts]).sort()).toEqual([
          ['message-1', 'second', 5],
          ['message-2', LETTER.reason, 1],
        ])
      }),
      'does not lose count of attempts however often': using(async ({ store }) => {
        await store.store([{ ...LETTER, attempts: 2_000_000_000 }])
        await store.store([{ ...LETTER, attempts: 2_000_000_000 }])
        expect((await one(store)).attempts).toBeGreaterThanOrEqual(2_000_000_000)
      }),
      'stores thousands of letters, and those of all instances': using(async ({ store, other }) => {
        const letters = numbered(3_000)
        await Promise.all([
          store.store(letters),
          other.store([...letters].reverse()),
          store.store(letters.slice(500, 2_500)),
          other.store(letters.slice(1_000).reverse()),
        ])
        expect(await store.count(FLOW)).toBe(3_000)
        const listed = await store.list(FLOW, {}, { limit: 10_000 })
        const sum = listed.reduce((total, { attempts }) => total + attempts, 0)
        expect(sum).toBe(3_000 + 3_000 + 2_000 + 2_000)
      }),
      'lists a page at a time, in the order of the first failure, each letter once': using(async ({ store, other }) => {
        await store.store(numbered(5))
        await laterThan(store, (await store.list(FLOW)).at(-1)?.firstAt ?? '')
        await store.store(numbered(3, { lane: 'again' }))
        await store.store([...numbered(9)].slice(5))
        const seen: StoredLetter[] = []
        for (let after: StoredLetter | undefined; ; after = seen.at(-1)) {
          const page = await other.list(FLOW, {}, after === undefined ? { limit: 2 } : { limit: 2, after })
          expect(page.length).toBeLessThanOrEqual(2)
          seen.push(...page)
          if (page.length === 0) break
          expect(seen.length).toBeLessThanOrEqual(9)
        }
        expect(new Set(seen.map(({ id }) => id)).size).toBe(9)
        expect(seen.map(({ itemKey }) => Number(itemKey.slice(5)) < 5)).toEqual([
          ...Array.from({ length: 5 }, () => true),
          ...Array.from({ length: 4 }, () => false),
        ])
        const ordered = [...seen].sort((a, b) => (a.firstAt === b.firstAt ? (a.id < b.id ? -1 : 1) : 0))
        expect(seen).toEqual(ordered)
        expect(await store.list(FLOW)).toEqual(seen)
      }),
      'lists a hundred when not told how many': using(async ({ store }) => {
        await store.store(numbered(103))
        expect(await store.list(FLOW)).toHaveLength(100)
        expect(await store.list(FLOW, {}, { limit: 200 })).toHaveLength(103)
      }),
      'lists what passes all that a filter gives': using(async ({ store }) => {
        await store.store([
          { ...LETTER, itemKey: '1' },
          { ...LETTER, itemKey: '2', code: 'json' },
          { ...LETTER, itemKey: '3', stage: 'write', held: true },
          { ...LETTER, itemKey: '4', code: "o'dd%", stage: 'map' },
        ])
        const keys = async (filter: Parameters<DeadLetterStore['list']>[1]) =>
          (await store.list(FLOW, filter)).map(({ itemKey }) => itemKey).sort()
        const ids = new Map((await store.list(FLOW)).map(({ itemKey, id }) => [itemKey, id]))
        const id = (key: string) => ids.get(key) ?? ''
        expect(await keys({})).toEqual(['1', '2', '3', '4'])
        expect(await keys({ codes: ['schema'] })).toEqual(['1', '3'])
        expect(await keys({ codes: ['json', "o'dd%"] })).toEqual(['2', '4'])
        expect(await keys({ codes: ['o%'] })).toEqual([])
        expect(await keys({ stages: ['map', 'write'] })).toEqual(['3', '4'])
        expect(await keys({ codes: ['schema'], stages: ['validate'] })).toEqual(['1'])
        expect(await keys({ states: ['held'] })).toEqual(['3'])
        expect(await keys({ ids: [id('2'), id('3')] })).toEqual(['2', '3'])
        expect(await keys({ ids: [id('2'), id('3')], states: ['dead'] })).toEqual(['2'])
        for (const none of [{ ids: [] }, { codes: [] }, { stages: [] }, { states: [] }]) {
          expect(await keys(none)).toEqual([])
        }
      }),
      'lists by when items failed last, from since on and before until': using(async ({ store }) => {
        await store.store(numbered(2))
        const [before] = await store.list(FLOW)
        const moment = before?.lastAt ?? ''
        await laterThan(store, moment)
        await store.store(numbered(1))
        const keys = async (filter: Parameters<DeadLetterStore['list']>[1]) =>
          (await store.list(FLOW, filter)).map(({ itemKey }) => itemKey).sort()
        const again = (await store.list(FLOW)).find(({ itemKey }) => itemKey === 'item-0')?.lastAt ?? ''
        expect(await keys({ until: again })).toEqual(['item-1'])
        expect(await keys({ since: again })).toEqual(['item-0'])
        expect(await keys({ since: moment })).toEqual(['item-0', 'item-1'])
        expect(await keys({ since: moment, until: moment })).toEqual([])
        expect(await keys({ since: '2001-01-01T01:00:00+01:00', until: '2001-01-02T00:00:00Z' })).toEqual([])
        expect(await keys({ since: '2001-01-01T01:00:00+01:00' })).toEqual(['item-0', 'item-1'])
      }),
      'counts what waits, or the states that are asked for': using(async ({ store, other }) => {
        await store.store([...numbered(4), { ...LETTER, itemKey: 'held', held: true }])
        const letters = await store.list(FLOW, { states: ['dead'] })
        await store.mark(FLOW, letters.slice(0, 1), 'replayed')
        await store.mark(FLOW, letters.slice(1, 3), 'discarded')
        expect(await other.count(FLOW)).toBe(2)
        expect(await other.count(FLOW, ['dead'])).toBe(1)
        expect(await other.count(FLOW, ['held'])).toBe(1)
        expect(await other.count(FLOW, ['replayed', 'discarded'])).toBe(3)
        expect(await other.count(FLOW, [])).toBe(0)
      }),
      'marks letters, which are no longer listed unless asked for': using(async ({ store, other }) => {
        await store.store([...numbered(3), { ...LETTER, itemKey: 'held', held: true }])
        const letters = await store.list(FLOW)
        const before = letters.filter(({ itemKey }) => itemKey === 'item-1' || itemKey === 'held')
        expect(await other.mark(FLOW, before, 'replayed')).toBe(2)
        expect((await store.list(FLOW)).map(({ itemKey }) => itemKey).sort()).toEqual(['item-0', 'item-2'])
        const marked = await store.list(FLOW, { states: ['replayed'] })
        expect(marked).toEqual(before.map((letter) => ({ ...letter, state: 'replayed', held: false })))
      }),
      'does not mark a letter that failed again since': using(async ({ store, other }) => {
        await store.store(numbered(2))
        const known = await store.list(FLOW)
        await other.store(numbered(1))
        expect(await store.mark(FLOW, known, 'discarded')).toBe(1)
        expect((await store.list(FLOW)).map(({ itemKey }) => itemKey)).toEqual(['item-0'])
      }),
      'makes a marked letter wait again when its item fails again': using(async ({ store }) => {
        await store.store([LETTER])
        await store.mark(FLOW, [await one(store)], 'replayed')
        expect(await store.count(FLOW)).toBe(0)
        await store.store([LETTER])
        expect(await one(store)).toMatchObject({ state: 'dead', attempts: 2 })
      }),
    },
    options,
  )
}
