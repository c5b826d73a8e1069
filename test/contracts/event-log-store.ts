import { expect } from 'vitest'
import { type EventLogStore, eventId, type LoggedEvent } from '../../src/core/event-log.js'
import { type ContractOptions, contract } from './contract.js'

export interface EventLogHarness extends AsyncDisposable {
  readonly store: EventLogStore
  /** The same log as another instance of the program sees it. */
  readonly other: EventLogStore
}

const FLOW = 'contract'
const NOW = Date.now()

function event(number: number, rest: Partial<LoggedEvent> = {}): LoggedEvent {
  const ms = NOW - 100_000 + number
  const at = new Date(ms).toISOString()
  return {
    id: eventId(ms, '0a1b2c3d', number),
    flow: FLOW,
    event: 'failed',
    level: 'error',
    at,
    lastAt: at,
    times: 1,
    message: `it's "number" ${number}`,
    code: undefined,
    subject: undefined,
    ...rest,
  }
}

/** What core/event-log.ts promises. Each call of `open` gives an empty log. */
export function eventLogContract(name: string, open: () => Promise<EventLogHarness>, options?: ContractOptions): void {
  const using = (test: (harness: EventLogHarness) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(
    `${name}: EventLogStore`,
    {
      'gives back what was saved, newest first, and counts what is saved again': using(async ({ store, other }) => {
        const first = event(1, { code: 'lost', subject: "lane 'a'\\" })
        const second = event(2)
        await store.save([])
        await store.save([second, first])
        const lastAt = new Date(NOW).toISOString()
        await other.save([{ ...first, times: 7, lastAt }])
        expect(await other.list({ flow: FLOW })).toEqual([second, { ...first, times: 7, lastAt }])
      }),
      'keeps text that not every database takes': using(async ({ store, other }) => {
        await store.save([event(1, { message: 'a\0b 😀', code: '\0' })])
        const [kept] = await other.list()
        // Where NUL cannot be kept, a character that shows it is.
        expect(kept?.message.replace('\0', '\u2400')).toBe('a\u2400b 😀')
      }),
      'lists by flow, level and name, in pages that miss none and repeat none': using(async ({ store }) => {
        const all = Array.from({ length: 1_203 }, (_, number) =>
          event(number, {
            level: number % 3 === 0 ? 'info' : 'warn',
            event: number % 2 === 0 ? 'retry' : 'held',
            flow: number < 1_200 ? FLOW : 'another',
          }),
        )
        await store.save(all)
        const seen: LoggedEvent[] = []
        for (;;) {
          const last = seen.at(-1)
          const page = await store.list({ flow: FLOW, limit: 500, ...(last === undefined ? {} : { before: last.id }) })
          if (page.length === 0) break
          seen.push(...page)
        }
        expect(seen.map(({ id }) => id)).toEqual(
          all
            .slice(0, 1_200)
            .map(({ id }) => id)
            .reverse(),
        )
        expect(await store.list({ levels: ['info'], limit: 5_000 })).toHaveLength(401)
        expect(await store.list({ levels: ['info', 'warn'], events: ['retry'], limit: 5_000 })).toHaveLength(602)
        expect(await store.list({ flow: FLOW })).toHaveLength(100)
        expect(await store.list({ levels: [] })).toEqual([])
      }),
      'forgets what is too old and what is too much, of one flow': using(async ({ store }) => {
        const day = 86_400_000
        const oldAt = NOW - 3 * day
        const old = event(0, { id: eventId(oldAt, '0a1b2c3d', 0), at: new Date(oldAt).toISOString() })
        const others = event(9, { flow: 'another', id: eventId(oldAt, '0a1b2c3d', 9) })
        const recent = [1, 2, 3, 4].map((number) => event(number))
        await store.save([old, others, ...recent])
        await store.forget(FLOW, { days: 10, rows: 100 })
        expect(await store.list()).toHaveLength(6)
        await store.forget(FLOW, { days: 2, rows: 100 })
        expect((await store.list({ flow: FLOW })).map(({ id }) => id)).not.toContain(old.id)
        await store.forget(FLOW, { days: 2, rows: 3 })
        const left = await store.list()
        expect(left.map(({ id }) => id)).toEqual([...recent.slice(1).reverse(), others].map(({ id }) => id))
      }),
    },
    options,
  )
}
