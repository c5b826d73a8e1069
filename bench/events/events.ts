import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { memoryState } from '../../src/adapters/memory/index.js'
import { openLog } from '../../src/cli/run/open-log.js'
import { RunProgress } from '../../src/cli/run/run-progress.js'
import type { Flow } from '../../src/core/flow.js'
import type { Observer } from '../../src/core/observer.js'
import { shutdown } from '../../src/engine/shutdown.js'
import { Alerts } from '../../src/observe/alerts/alerts.js'
import { FlowBoard } from '../../src/observe/board/flow-board.js'
import { EventLog } from '../../src/observe/events/event-log.js'
import { fanOut } from '../../src/observe/fan-out.js'
import { openTraces } from '../../src/observe/traces/open-traces.js'
import type { Desk } from '../../src/serve/desk.js'
import { listen, type ServedApp } from '../../src/serve/listen.js'
import { type Measurement, measurement } from '../measurement.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { busyFlow, type Window } from './busy-flow.js'
import { costOf, tellOf } from './other-flows.js'

const PER_SECOND = 10_000
const FLOWS = 20
const LISTENERS = 5
const WINDOW_MS = 1_000
const ROUNDS = 20

/** What it costs a flow to be watched, while 10,000 events of others are told every second. */
export const events: Scenario = { name: 'events', run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const rounds = context.rows ?? ROUNDS
  const progress = new RunProgress()
  const board = new FlowBoard(progress.tally)
  const names = Array.from({ length: FLOWS }, (_, index) => `other-${index}`)
  await using server = await serve(board, ['busy', ...names])
  using listeners = new Listeners(server.url)
  const traces = await openTraces({ settings: undefined, env: {}, version: '0.0.0' })
  const all = watchers({ progress, board }, ['busy', ...names])
  const turns: Turn[] = []
  let told = 0
  context.say(`${rounds} rounds: alone, beside others that nobody watches, watched, and with traces that go nowhere`)
  await busyFlow(nobody, 2 * WINDOW_MS)
  for (let round = 0; round < rounds && !context.signal.aborted; round++) {
    const alone = await busyFlow(nobody, WINDOW_MS)
    const unwatched = await beside(names, nobody)
    await listeners.open()
    const { told: some, ...watched } = await beside(names, all)
    listeners.close()
    told += some
    const unwatchedAgain = await beside(names, nobody)
    const untraced = await busyFlow(fanOut(nobody, traces?.observer), WINDOW_MS)
    const aloneAgain = await busyFlow(nobody, WINDOW_MS)
    turns.push({
      alone: meanOf(alone, aloneAgain),
      unwatched: meanOf(unwatched, unwatchedAgain),
      watched,
      untraced,
    })
  }
  context.say(`${Math.round(told / turns.length).toLocaleString('en-US')} events told in a round`)
  const load = `${PER_SECOND.toLocaleString('en-US')} events/s of ${FLOWS} flows`
  const unheard = { of: 'unwatched', name: 'told to nobody' } as const
  const alone = { of: 'alone', name: 'the flow alone' } as const
  return [
    toldOf(costOf(names, all, 500_000)),
    ...figures(`${load}, ${LISTENERS} listeners`, turns, { how: 'watched', peer: unheard }),
    ...figures(`${load}, made and told`, turns, { how: 'watched', peer: alone }),
    ...figures('no OpenTelemetry SDK', turns, { how: 'untraced', peer: alone }),
  ]
}

/** The busy flow beside others; all of their events go to one observer, however little it does. */
async function beside(names: readonly string[], observer: Observer): Promise<Window & { readonly told: number }> {
  const others = tellOf(names, observer, PER_SECOND)
  const window = await busyFlow(observer, WINDOW_MS)
  return { ...window, told: others.stop() }
}

/** Of a core: what 10,000 events take of each second, by themselves. Other work of the machine matters little to it. */
function toldOf(secondsPerEvent: number): Measurement {
  const figure = `${PER_SECOND.toLocaleString('en-US')} events/s told to all that watch`
  const value = secondsPerEvent * PER_SECOND * 100
  return measurement({ scenario: 'events', figure, value, unit: '% of a core', goal: { atMost: 3 } })
}

const nobody: Observer = () => {}

/** Before and after the others, so that a machine that grows slower or faster favours nobody. */
function meanOf(before: Window, after: Window): Window {
  return {
    itemsPerSecond: (before.itemsPerSecond + after.itemsPerSecond) / 2,
    processorSecondsPerMillion: (before.processorSecondsPerMillion + after.processorSecondsPerMillion) / 2,
  }
}

/** One after the other, so that a slow moment of the machine strikes them alike. */
type Turn = Readonly<Record<'alone' | 'unwatched' | 'watched' | 'untraced', Window>>

interface Compared {
  readonly how: keyof Turn
  readonly peer: { readonly of: keyof Turn; readonly name: string }
}

/** Medians over the turns of what each was compared with its peer beside it. */
function figures(what: string, turns: readonly Turn[], { how, peer }: Compared): readonly Measurement[] {
  const compared = (figure: keyof Window) => {
    const value = median(turns.map((turn) => turn[peer.of][figure]))
    const ratio = median(turns.map((turn) => turn[how][figure] / turn[peer.of][figure]))
    return { value: value * ratio, peer: { name: peer.name, value } }
  }
  const of = (figure: string) => ({ scenario: 'events', figure: `${what}: ${figure}` })
  const processor = compared('processorSecondsPerMillion')
  return [
    measurement({ ...of('rate'), ...compared('itemsPerSecond'), unit: 'items/s', goal: { atLeast: 0.97 } }),
    measurement({ ...of('processor'), ...processor, unit: 's per million items', goal: { atMost: 1.03 } }),
  ]
}

interface Shown {
  readonly progress: RunProgress
  readonly board: FlowBoard
}

/** All that `lockstep run --serve` has listen to its flows, on a database in memory. */
function watchers({ progress, board }: Shown, names: readonly string[]): Observer {
  const state = memoryState()
  const log = openLog({ level: 'info', write: () => {} })
  const eventLog = new EventLog({ flows: names.map((name) => ({ name, state })), keep: { days: 30, rows: 10_000 } })
  const told = fanOut(progress.take, log, board.observer, eventLog.observer)
  const flows = names.map((name) => ({ name, flow: { kind: 'ingest' } as const, state }))
  const to = { label: 'nowhere', send: async () => 'taken', diagnose: async () => [] }
  const alerts = new Alerts({ settings: { to, lagAboveMs: 60_000 }, flows, tell: told, leaving: () => false })
  return fanOut(told, alerts.observer)
}

function serve(board: FlowBoard, names: readonly string[]): Promise<ServedApp> {
  const { drain, abort } = shutdown()
  const flow = (): Flow => ({
    kind: 'ingest',
    databases: [],
    run: async () => {},
    diagnose: async () => [],
    grants: async () => [],
  })
  const desk: Desk = {
    version: '0.0.0',
    mode: 'run',
    readOnly: true,
    startedAt: new Date().toISOString(),
    flows: new Map(names.map((name) => [name, flow()])),
    stateOf: () => [],
    board,
    feeds: { list: async () => ({ items: [], next: null }), one: async () => undefined },
    observer: board.observer,
    drain,
    abort,
  }
  const access = { host: '127.0.0.1', port: 0, token: undefined, names: [] }
  return listen(desk, { access, metrics: async () => '', unexpected: (error) => console.error(error) })
}

/** In a process of their own, as browsers are. */
class Listeners implements Disposable {
  readonly #child: ChildProcess

  constructor(url: string) {
    const program = fileURLToPath(new URL('listeners.mjs', import.meta.url))
    this.#child = fork(program, [url, String(LISTENERS)], { execArgv: [] })
  }

  async open(): Promise<void> {
    this.#child.send('open')
    await once(this.#child, 'message')
  }

  close(): void {
    this.#child.send('close')
  }

  [Symbol.dispose](): void {
    this.#child.disconnect()
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return (low + high) / 2
}
