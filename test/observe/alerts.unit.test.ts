import { describe, expect, it, vi } from 'vitest'
import { memoryState } from '../../src/adapters/memory/state.js'
import type { AlertMessage, AlertSettings, AlertSink } from '../../src/core/alert.js'
import type { DeadLetterStore } from '../../src/core/dead-letter.js'
import { ConfigError, EXIT, UnavailableError } from '../../src/core/errors.js'
import type { FlowEvent } from '../../src/core/observer.js'
import type { StateStore } from '../../src/core/state.js'
import { Alerts } from '../../src/observe/alerts/alerts.js'
import type { AlertedFlow } from '../../src/observe/alerts/watched-flow.js'

class Place implements AlertSink {
  readonly label = 'a place'
  readonly taken: AlertMessage[] = []
  answer: () => Promise<string> = async () => 'ok'

  async send(message: AlertMessage): Promise<string> {
    const said = await this.answer()
    this.taken.push(message)
    return said
  }

  async diagnose(): Promise<readonly []> {
    return []
  }

  get told(): readonly string[] {
    return this.taken.flatMap(({ alerts }) => alerts.map(({ flow, kind, status }) => `${flow} ${kind} ${status}`))
  }
}

const flow = (name: string, state?: StateStore, rest: Partial<AlertedFlow['flow']> = {}): AlertedFlow => ({
  name,
  flow: { kind: 'ingest', ...rest },
  state,
})
const fails = (name: string): FlowEvent => ({
  flow: name,
  type: 'stopped',
  exitCode: EXIT.unavailable,
  error: new UnavailableError('gone', 'db: gone'),
})

function open(flows: readonly AlertedFlow[], place: Place, more: Partial<AlertSettings> = {}) {
  const notices: FlowEvent[] = []
  const settings = { to: place, groupMs: 20, ...more }
  const alerts = new Alerts({ settings, flows, tell: (event) => notices.push(event), leaving: () => false })
  return { alerts, notices }
}

describe('alerts', () => {
  it('of several flows within a window are one message', async () => {
    const place = new Place()
    const { alerts } = open([flow('a'), flow('b')], place)
    alerts.observer(fails('a'))
    alerts.observer(fails('b'))
    await vi.waitFor(() => expect(place.told).toEqual(['a stopped raised', 'b stopped raised']))
    expect(place.taken).toHaveLength(1)
    await alerts.close()
    expect(place.taken).toHaveLength(1)
  })

  it('that are still to be told are told at the end, without waiting', async () => {
    const place = new Place()
    const { alerts } = open([flow('a')], place, { groupMs: 3_600_000 })
    alerts.observer(fails('a'))
    await alerts.close()
    expect(place.told).toEqual(['a stopped raised'])
  })

  it('are told again by no other process that shares the state, and by one that does not', async () => {
    const [place, state] = [new Place(), memoryState()]
    for (const kept of [state, state, undefined]) {
      const { alerts } = open([flow('a', kept)], place)
      alerts.observer({ flow: 'a', type: 'started', kind: 'ingest' })
      alerts.observer(fails('a'))
      await alerts.close()
    }
    expect(place.told).toEqual(['a stopped raised', 'a stopped raised'])
  })

  it('do not wait for a state that cannot be reached', async () => {
    const gone = (): Promise<never> => Promise.reject(new UnavailableError('gone', 'db: gone'))
    const state = { ...memoryState(), prepare: gone, checkpoints: { load: gone, save: gone, reset: gone } }
    const place = new Place()
    const { alerts } = open([flow('a', state)], place)
    alerts.observer(fails('a'))
    await alerts.close()
    expect(place.told).toEqual(['a stopped raised'])
  })

  it('hold up nobody when their receiver hangs, and that is told', async () => {
    const place = new Place()
    place.answer = () => new Promise(() => {})
    const { alerts, notices } = open([flow('a')], place, { groupMs: 0 })
    alerts.observer(fails('a'))
    for (let count = 0; count < 100_000; count++) {
      alerts.observer({ flow: 'a', type: 'batch', lane: `${count % 8}`, items: 1, durationMs: 1, lagMs: 5 })
    }
    await alerts.close(100)
    expect(notices).toMatchObject([{ flow: 'a', type: 'notice', level: 'warn', code: 'alert-undelivered' }])
  })

  it('that one receiver took and another did not have arrived', async () => {
    const [place, broken] = [new Place(), new Place()]
    broken.answer = () => Promise.reject(new ConfigError({ code: 'x', key: 'k', message: 'no', fix: 'f' }))
    const { alerts, notices } = open([flow('a')], place, { to: [place, broken] })
    alerts.observer(fails('a'))
    await vi.waitFor(() => expect(notices).toHaveLength(1))
    await alerts.close()
    expect(place.told).toEqual(['a stopped raised'])
    expect(notices).toHaveLength(1)
  })

  it('count the dead letters that wait', async () => {
    const state = memoryState()
    let waiting = 3
    const letters: DeadLetterStore = {
      label: 'letters',
      store: async () => {},
      count: async () => waiting,
      list: async () => [],
      mark: async () => 0,
    }
    const place = new Place()
    const settings = { deadLettersAbove: 3 }
    const { alerts } = open([flow('a', state, { deadLetters: [letters] })], place, settings)
    await alerts.close()
    expect(place.told).toEqual([])
    waiting = 4
    const next = open([flow('a', state, { deadLetters: [letters] })], place, settings)
    await next.alerts.close()
    expect(place.taken[0]?.alerts).toMatchObject([
      { kind: 'dead-letters', count: 4, command: 'lockstep dead-letters list a' },
    ])
  })

  it('go where a flow says, and nowhere when it says so', async () => {
    const [common, own] = [new Place(), new Place()]
    const flows = [
      flow('a'),
      flow('b', undefined, { alert: { on: true, to: [own], rules: {} } }),
      flow('c', undefined, { alert: { on: false, to: undefined, rules: {} } }),
    ]
    const { alerts } = open(flows, common)
    for (const name of ['a', 'b', 'c']) alerts.observer(fails(name))
    await alerts.close()
    expect(common.told).toEqual(['a stopped raised'])
    expect(own.told).toEqual(['b stopped raised'])
  })
})
