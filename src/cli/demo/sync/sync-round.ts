import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { UnavailableError } from '../../../core/errors.js'
import { count, span } from '../../render/format.js'
import type { Outcome, Program } from '../program.js'
import type { Stage } from '../stage.js'
import { LagProbe } from './lag-probe.js'
import type { Oracle } from './oracle.js'
import type { Sides } from './sides.js'
import { SyncMeter } from './sync-meter.js'
import { syncView } from './sync-view.js'

/** What rounds are played with. */
export interface Setting {
  readonly urls: Sides<string>
  /** What the config of the scene reads. */
  readonly env: Readonly<Record<string, string>>
  /** Where the config of the scene is. */
  readonly folder: string
  readonly oracles: Sides<Oracle>
  readonly sync: Program
  /** Rows that both sides must hold once they are the same. */
  readonly distinctRows: number
}

/** What one round came to. */
export interface Round {
  readonly loaded: Loaded
  readonly probe: LagProbe
  /** Lags that were measured while the load ran; the others came soon after it. */
  readonly probesUnderLoad: number
  readonly expectedRows: number
  /** From the end of the load until both sides had all rows, in ms; `undefined`: they had not in time. */
  readonly convergedMs: number | undefined
  readonly copiedRows: number
  /** Rows copied from side to side per second, from the start of the load until both sides had all. */
  readonly syncRowsPerSecond: number
}

const Loaded = z.object({ rows: z.number(), seconds: z.number(), rowsPerSecond: z.number(), errors: z.number() })
type Loaded = z.infer<typeof Loaded>

/** Both sides must have all rows this long after the load, and a second more for so many rows. */
const CATCH_UP_MS = 60_000
const CATCH_UP_ROWS_PER_SECOND = 5_000

/** Lags that say something about p50 and p99. */
const FEWEST_PROBES = 40
const PROBE_ON_MS = 10_000
const PROBE_LOOK_MS = 50

/** Waits until `sync` has given each side what it lacked before the first load. */
export async function firstSync(stage: Stage, setting: Setting): Promise<void> {
  const { board } = stage
  board.waiting('sync gives each side the rows of the other')
  const startMs = performance.now()
  const cut = Promise.race([died(setting.sync), ended(stage)])
  cut.catch(() => undefined)
  const { oracles, distinctRows } = setting
  const { converged } = await converge({ oracles, cut, expectedRows: () => distinctRows })
  const took = span(performance.now() - startMs)
  if (converged) board.done(`sync gave each side the rows of the other: ${count(distinctRows)} on both after ${took}`)
  else board.failed(`the two sides were not the same after ${took}`)
}

/** Starts a load, follows it to its end and waits until both sides have all rows. */
export async function playRound(stage: Stage, setting: Setting): Promise<Round> {
  const { oracles } = setting
  const base = await countBoth(oracles)
  await using probe = await LagProbe.connect(setting.urls)
  const { rows, seconds } = stage.options
  const meter = new SyncMeter(oracles, base, { probe, wanted: seconds === undefined ? rows : undefined })
  const startMs = performance.now()
  const load = startLoad(stage, setting, meter)
  const screen = stage.board.play(syncView(stage.board.paint, () => meter.figures()))
  try {
    const cut = Promise.race([died(setting.sync), ended(stage)])
    // Lost races must not count as unhandled.
    cut.catch(() => undefined)
    const loaded = await underLoad({ load, probe, begun: meter.loading, cut })
    meter.loadEnded(loaded.rows)
    const probesUnderLoad = probe.samples
    const scope = { oracles, meter, cut, expectedRows: () => setting.distinctRows + loaded.rows + probe.rows }
    const endMs = performance.now()
    const reached = await converge(scope)
    const nowMs = performance.now()
    const copiedRows = reached.left + reached.right - base.left - base.right - loaded.rows - probe.rows
    const late = await probeOn(probe, cut)
    const converged = reached.converged && (!late || (await converge(scope)).converged)
    return {
      loaded,
      probe,
      probesUnderLoad,
      expectedRows: scope.expectedRows(),
      convergedMs: converged ? nowMs - endMs : undefined,
      copiedRows,
      syncRowsPerSecond: Math.round(copiedRows / ((nowMs - startMs) / 1000)),
    }
  } finally {
    meter.stop()
    screen.stop()
  }
}

function startLoad(stage: Stage, { env, folder }: Setting, meter: SyncMeter): Program {
  const { rows, seconds } = stage.options
  const bounds = [
    ...(rows === undefined ? [] : ['--rows', String(rows)]),
    ...(seconds === undefined ? [] : ['--seconds', String(seconds)]),
  ]
  const target = ['--table', 'records', ...Object.keys(env).flatMap((name) => ['--into-env', name])]
  const load = stage.product(['load', ...target, ...bounds, '--progress', '250', '--json'], {
    env,
    cwd: folder,
    log: (line) => meter.takeLoadLine(line),
  })
  stage.board.done(`process ${load.pid}: lockstep load ${bounds.join(' ')}, each batch into a side picked at random`)
  return load
}

/** Probes the lag until the load has ended. */
async function underLoad(scope: {
  load: Program
  probe: LagProbe
  begun: Promise<void>
  cut: Promise<never>
}): Promise<Loaded> {
  const { load, probe, begun, cut } = scope
  await Promise.race([begun, load.ended, cut])
  const over = new AbortController()
  const probing = probe.run(over.signal)
  try {
    const outcome = await Promise.race([load.ended, probing.then(() => load.ended), cut])
    if (outcome.exitCode !== 0) throw failure('lockstep load', outcome)
    return Loaded.parse(JSON.parse(outcome.stdout))
  } finally {
    over.abort()
    await probing.catch(() => undefined)
  }
}

/** A load may be over before its lag was measured often enough: then goes on without it. Answers whether it did. */
async function probeOn(probe: LagProbe, cut: Promise<never>): Promise<boolean> {
  if (probe.samples >= FEWEST_PROBES) return false
  const over = new AbortController()
  const probing = probe.run(over.signal)
  const deadlineMs = performance.now() + PROBE_ON_MS
  try {
    while (probe.samples < FEWEST_PROBES && performance.now() < deadlineMs)
      await Promise.race([delay(PROBE_LOOK_MS), probing, cut])
  } finally {
    over.abort()
    await probing
  }
  return true
}

/** Counts both sides, exactly, no more often than that costs a third of the time. */
async function converge(scope: {
  oracles: Sides<Oracle>
  meter?: SyncMeter
  expectedRows: () => number
  cut: Promise<never>
}): Promise<Sides<number> & { converged: boolean }> {
  const { oracles, meter, cut } = scope
  const expectedRows = scope.expectedRows()
  const deadlineMs = performance.now() + CATCH_UP_MS + (expectedRows / CATCH_UP_ROWS_PER_SECOND) * 1000
  for (;;) {
    const startMs = performance.now()
    const rows = await Promise.race([countBoth(oracles), cut])
    meter?.takeCounts(rows)
    const converged = rows.left === rows.right && rows.left >= expectedRows
    if (converged || performance.now() > deadlineMs) return { ...rows, converged }
    await delay(Math.max(20, 2 * (performance.now() - startMs)))
  }
}

async function countBoth({ left, right }: Sides<Oracle>): Promise<Sides<number>> {
  const [rowsLeft, rowsRight] = await Promise.all([left.count(), right.count()])
  return { left: rowsLeft, right: rowsRight }
}

/** `sync` runs until it is told to stop; when it ends before, the round is over. */
async function died(sync: Program): Promise<never> {
  throw failure('lockstep run mirror', await sync.ended)
}

/** Ctrl-C ends a round. */
function ended({ ended: signal }: Stage): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function failure(command: string, { exitCode, log }: Outcome): UnavailableError {
  const how = exitCode === null ? 'a signal' : `exit code ${exitCode}`
  return new UnavailableError('demo-process-ended', `${command} ended with ${how}; it said:\n${log}`)
}
