import { EXIT, type ExitCode, exitCodeOf } from '../../core/errors.js'
import type { FlowKind } from '../../core/flow.js'
import type { FlowEvent, Observer } from '../../core/observer.js'
import type { Schedule } from '../../core/schedule.js'
import type { Clock } from './clock.js'
import type { Claim } from './due-claims.js'
import type { RunRequests } from './run-requests.js'

export interface ScheduledFlow {
  readonly name: string
  readonly kind: FlowKind
  readonly schedule: Schedule
  /** Runs it once and tells its events; never rejects. */
  run(): Promise<ExitCode>
  /** Before the first due time: what would stop every run. Throws a `ConfigError`. */
  ready(): Promise<void>
  /** Whether another instance has this due time already. Never rejects. */
  claim(dueMs: number): Promise<Claim>
}

export interface ScheduleScope {
  readonly clock: Clock
  readonly observer: Observer
  readonly drain: AbortSignal
  readonly abort: AbortSignal
  /** Runs beside the schedule; left out: nobody can ask for one. */
  readonly requests?: RunRequests
}

/**
 * Runs a flow at each due time until it is asked to stop; never twice at a time. What a run came to, failures included,
 * is told by its events and is no end: the next due time runs it again. The exit code says how the schedule ended.
 */
export async function runScheduled(flow: ScheduledFlow, scope: ScheduleScope): Promise<ExitCode> {
  const { clock, drain, abort } = scope
  let dueMs = next(flow, clock.now())
  tellNext(flow, scope, dueMs)
  try {
    // Whoever wants it to stop need not wait for a database that does not answer.
    await Promise.race([flow.ready(), aborted(drain)])
  } catch (error) {
    return stop(flow, scope, error)
  }
  while (dueMs !== undefined && !drain.aborted) {
    const why = await wake(scope, dueMs)
    if (drain.aborted) break
    // Whoever asks for a run means this instance, whatever others do.
    const fromMs = why === 'asked' ? clock.now() : dueMs
    if (why === 'asked' || (await isOurs(flow, scope, dueMs))) {
      await runOnce(flow, scope, fromMs)
      // The run has told its end already.
      if (drain.aborted) return abort.aborted ? EXIT.aborted : EXIT.ok
    }
    // A clock that was set back must not make the same due time come twice.
    dueMs = next(flow, Math.max(fromMs, clock.now()))
    tellNext(flow, scope, dueMs)
  }
  return stop(flow, scope)
}

async function wake({ clock, drain, requests }: ScheduleScope, dueMs: number): Promise<'due' | 'asked'> {
  const over = new AbortController()
  const due = clock.until(dueMs, AbortSignal.any([drain, over.signal])).then(() => 'due' as const)
  const asked = requests?.next(over.signal).then(() => 'asked' as const)
  const why = await Promise.race(asked === undefined ? [due] : [due, asked])
  over.abort()
  return why
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function next({ schedule }: ScheduledFlow, ms: number): number | undefined {
  return schedule.next(ms)
}

function stop({ name }: ScheduledFlow, { observer, abort }: ScheduleScope, thrown?: unknown): ExitCode {
  const exitCode = thrown !== undefined ? exitCodeOf(thrown) : abort.aborted ? EXIT.aborted : EXIT.ok
  const error = thrown === undefined || thrown instanceof Error ? thrown : new Error(String(thrown))
  observer({ flow: name, type: 'stopped', exitCode, error })
  return exitCode
}

function tellNext({ name, kind }: ScheduledFlow, { observer }: ScheduleScope, dueMs: number | undefined): void {
  if (dueMs !== undefined) observer({ flow: name, type: 'scheduled', kind, nextAt: moment(dueMs) })
}

async function isOurs(flow: ScheduledFlow, { observer }: ScheduleScope, dueMs: number): Promise<boolean> {
  const claim = await flow.claim(dueMs)
  if (claim === 'taken') {
    const message = `another instance has taken the run of ${moment(dueMs)}`
    observer(notice(flow, { level: 'info', code: 'due-taken', message }))
  }
  return claim !== 'taken'
}

/** Due times that pass in the meantime are skipped: the first is told at once, all of them at the end. */
async function runOnce(flow: ScheduledFlow, scope: ScheduleScope, dueMs: number): Promise<void> {
  const { clock, observer, drain } = scope
  const over = new AbortController()
  const told = tellOverlap(flow, scope, { dueMs, over: AbortSignal.any([over.signal, drain]) })
  await flow.run()
  over.abort()
  await told
  const skipped = passed(flow, dueMs, clock.now())
  if (skipped < 2) return
  const message = `${skipped === MANY ? `${MANY} or more` : skipped} due times passed while the run of ${moment(dueMs)} went on, and were skipped`
  observer(notice(flow, { level: 'warn', code: 'due-skipped', message }))
}

async function tellOverlap(
  flow: ScheduledFlow,
  { clock, observer }: ScheduleScope,
  { dueMs, over }: { readonly dueMs: number; readonly over: AbortSignal },
): Promise<void> {
  const nextMs = next(flow, Math.max(dueMs, clock.now()))
  if (nextMs === undefined) return
  await clock.until(nextMs, over)
  if (over.aborted) return
  const message = `the run of ${moment(dueMs)} still goes on, so that of ${moment(nextMs)} is skipped`
  observer(notice(flow, { level: 'warn', code: 'due-skipped', message }))
}

const MANY = 1_000

/** Due times after `dueMs`, up to now. */
function passed(flow: ScheduledFlow, dueMs: number, nowMs: number): number {
  let count = 0
  for (let ms = next(flow, dueMs); ms !== undefined && ms <= nowMs && count < MANY; ms = next(flow, ms)) count += 1
  return count
}

function notice(
  { name }: ScheduledFlow,
  said: Pick<FlowEvent & { type: 'notice' }, 'level' | 'code' | 'message'>,
): FlowEvent {
  return { flow: name, type: 'notice', ...said }
}

function moment(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
