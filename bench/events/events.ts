import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { memoryState } from '../../src/adapters/memory/index.js'
import { postgres } from '../../src/adapters/postgres/index.js'
import { openLog } from '../../src/cli/run/open-log.js'
import { RunProgress } from '../../src/cli/run/run-progress.js'
import type { Flow } from '../../src/core/flow.js'
import type { Observer } from '../../src/core/observer.js'
import { shutdown } from '../../src/engine/shutdown.js'
import { Alerts } from '../../src/observe/alerts/alerts.js'
import { FlowBoard } from '../../src/observe/board/flow-board.js'
import { EventLog } from '../../src/observe/events/event-log.js'
import { fanOut } from '../../src/observe/fan-out.js'
import { gather } from '../../src/observe/gather.js'
import { openTraces } from '../../src/observe/traces/open-traces.js'
import type { Desk } from '../../src/serve/desk.js'
import { listen, type ServedApp } from '../../src/serve/listen.js'
import { type Measurement, measurement } from '../measurement.js'
import { plainSql } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { type BusyFlow, busyFlow, CREATE, storingFlow, type Window } from './busy-flow.js'
import { costOf, tellOf } from './other-flows.js'

const PER_SECOND = 10_000
const FLOWS = 20
const LISTENERS = 5
const WINDOW_MS = 1_000
const WARM_UP_MS = 500
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
  const watched = { names, all, listeners, untraced: fanOut(nobody, traces?.observer) }
  context.say(`${rounds} rounds: alone, beside others that nobody watches, watched, and with traces that go nowhere`)
  const turns = await turnsOf(busyFlow(), watched, context, rounds)
  const { a } = await context.startPair()
  await using plain = await plainSql(a.url())
  await plain.run(CREATE)
  await using database = postgres(a.url())
  context.say(`${rounds} rounds of the same into PostgreSQL`)
  const storing = await turnsOf(storingFlow(database), watched, context, rounds)
  const load = `${PER_SECOND.toLocaleString('en-US')} events/s of ${FLOWS} flows`
  const unheard = { of: 'unwatched', name: 'told to nobody' } as const
  const alone = { of: 'alone', name: 'the flow alone' } as const
  return [
    toldOf(costOf(names, all, 500_000)),
    ...figures(`${load}, ${LISTENERS} listeners`, turns, { how: 'watched', peer: unheard }),
    rateOf(`${load}, ${LISTENERS} listeners, into PostgreSQL`, storing, { how: 'watched', peer: unheard }),
    ...figures(`${load}, made and told`, turns, { how: 'watched', peer: alone }),
    ...figures('no OpenTelemetry SDK', turns, { how: 'untraced', peer: alone }),
  ]
}

interface Watched {
  readonly names: readonly string[]
  readonly all: Observer
  readonly listeners: Listeners
  readonly untraced: Observer
}

/** Windows of one flow, each between two of what it is compared with. */
async function turnsOf(
  flow: BusyFlow,
  { names, all, listeners, untraced }: Watched,
  { signal }: BenchContext,
  rounds: number,
): Promise<readonly Turn[]> {
  await using busy = flow
  const window = (observer: Observer): Promise<Window> => busy.window(observer, WARM_UP_MS, WINDOW_MS)
  const turns: Turn[] = []
  // The first is for the compiler.
  for (let round = -1; round < rounds && !signal.aborted; round++) {
    const alone = await window(nobody)
    const unwatched = await beside(names, nobody, window)
    await listeners.open()
    const watched = await beside(names, all, window)
    listeners.close()
    const unwatchedAgain = await beside(names, nobody, window)
    const traced = await window(untraced)
    const aloneAgain = await window(nobody)
    if (round < 0) continue
    turns.push({
      alone: meanOf(alone, aloneAgain),
      unwatched: meanOf(unwatched, unwatchedAgain),
      watched,
      untraced: traced,
    })
  }
  return turns
}

/** A flow beside others; all of their events go to one observer, however little it does. */
async function beside(
  names: readonly string[],
  observer: Observer,
  window: (observer: Observer) => Promise<Window>,
): Promise<Window> {
  const others = tellOf(names, observer, PER_SECOND)
  const measured = await window(observer)
  others.stop()
  return measured
}

/** Of a core: what 10,000 events take of each second, by themselves. Other work of the machine matters little to it. */
function toldOf(secondsPerEvent: number): Measurement {
  const figure = `${PER_SECOND.toLocaleString('en-US')} events/s told to all that watch`
  const value = secondsPerEvent * PER_SECOND * 100
  return measurement({ ...of(figure), value, unit: '% of a core', goal: { atMost: 3 } })
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

function figures(what: string, turns: readonly Turn[], how: Compared): readonly Measurement[] {
  return [rateOf(what, turns, how), processorOf(what, turns, how)]
}

function rateOf(what: string, turns: readonly Turn[], how: Compared): Measurement {
  const compared = comparedOf('itemsPerSecond', turns, how)
  return measurement({ ...compared, ...of(`${what}: rate`), unit: 'items/s', goal: { atLeast: 0.97 } })
}

function processorOf(what: string, turns: readonly Turn[], how: Compared): Measurement {
  const compared = comparedOf('processorSecondsPerMillion', turns, how)
  return measurement({ ...compared, ...of(`${what}: processor`), unit: 's per million items', goal: { atMost: 1.03 } })
}

function of(figure: string): { readonly scenario: string; readonly figure: string } {
  return { scenario: 'events', figure }
}

/** Medians over the turns of what each was compared with its peer beside it. */
function comparedOf(figure: keyof Window, turns: readonly Turn[], { how, peer }: Compared) {
  const value = median(turns.map((turn) => turn[peer.of][figure]))
  const ratio = median(turns.map((turn) => turn[how][figure] / turn[peer.of][figure]))
  return { value: value * ratio, peer: { name: peer.name, value } }
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
  return gather(fanOut(told, alerts.observer))
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
