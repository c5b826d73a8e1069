import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HeldHorizon } from './held-horizon.js'
import { Ledger, type Poll } from './ledger.js'
import { parseSnapshot } from './snapshot.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function poll(xmin: number, xmax: number): Poll {
  const snapshot = parseSnapshot(`${xmin}:${xmax}:${xmin === xmax ? '' : xmin}`)
  return { snapshot, pages: 1, filenode: 'a', toastBytes: 0, written: 10n, flushed: 10n }
}

function watched({ gone = false } = {}) {
  const codes: string[] = []
  const messages: string[] = []
  const uncertain = vi.fn<() => void>()
  const asked = vi.fn<() => void>()
  const horizon = new HeldHorizon({
    label: 'db public.t',
    notice: ({ code, message }) => {
      codes.push(code)
      messages.push(message)
    },
    uncertain,
    holder: async () => {
      asked()
      return gone ? undefined : 'session 7 has a transaction open'
    },
    mostRemembered: 3,
  })
  return { horizon, codes, messages, uncertain, asked, ledger: new Ledger({ floor: 5, filenode: 'a', done: [] }) }
}

test('names the holder after a minute, and again each ten', async () => {
  const { horizon, ledger, messages } = watched()
  const look = async (minutes: number, xmax: number): Promise<number> => {
    vi.advanceTimersByTime(minutes * 60_000)
    await horizon.look(ledger, poll(10, xmax))
    return messages.length
  }
  expect(await look(0, 11)).toBe(0)
  expect(await look(1, 12)).toBe(0)
  vi.advanceTimersByTime(1)
  expect(await look(0, 13)).toBe(1)
  expect(messages[0]).toContain('db public.t: session 7 has a transaction open.')
  expect(await look(9, 14)).toBe(1)
  expect(await look(2, 15)).toBe(2)
})

test('a horizon that moves, and one that nobody holds, are no news', async () => {
  const { horizon, ledger, asked } = watched()
  for (let xmin = 10; xmin < 20; xmin++) {
    await horizon.look(ledger, poll(xmin, xmin + 5))
    vi.advanceTimersByTime(50_000)
  }
  for (let times = 0; times < 5; times++) {
    await horizon.look(ledger, poll(30, 30))
    vi.advanceTimersByTime(100_000)
  }
  expect(asked).not.toHaveBeenCalled()
})

test('a holder that is gone by then is not named', async () => {
  const { horizon, ledger, asked, codes } = watched({ gone: true })
  await horizon.look(ledger, poll(10, 11))
  vi.advanceTimersByTime(61_000)
  await horizon.look(ledger, poll(10, 12))
  expect(asked).toHaveBeenCalledTimes(1)
  expect(codes).toEqual([])
})

test('lets go of what is too much to remember, and asks for a comparison when the last of it has ended', async () => {
  const { horizon, ledger, codes, uncertain } = watched()
  for (const xid of [11, 12, 13]) ledger.add(xid, 0)
  await horizon.look(ledger, poll(10, 20))
  expect(ledger.floor).toBe(5)
  ledger.add(14, 0)
  await horizon.look(ledger, poll(10, 20))
  expect({ floor: ledger.floor, size: ledger.size, codes }).toEqual({ floor: 20, size: 0, codes: ['ledger-full'] })
  await horizon.look(ledger, poll(19, 30))
  expect(uncertain).not.toHaveBeenCalled()
  await horizon.look(ledger, poll(20, 31))
  await horizon.look(ledger, poll(31, 31))
  expect(uncertain).toHaveBeenCalledTimes(1)
})

test('knows from what was saved what an earlier process let go, also when it has ended since', async () => {
  const { horizon, uncertain } = watched()
  const ledger = new Ledger({ floor: 20, filenode: 'a', done: [] })
  horizon.restore(20)
  await horizon.look(ledger, poll(10, 40))
  expect(uncertain).not.toHaveBeenCalled()
  await horizon.look(ledger, poll(40, 40))
  expect(uncertain).toHaveBeenCalledTimes(1)
})
