import { UnavailableError } from '../../src/core/errors.js'
import type { FlowEvent, Observer } from '../../src/core/observer.js'

const TICK_MS = 10

/** As of a source, which names its lanes once. */
const LANES = Array.from({ length: 8 }, (_, index) => `lane-${index}`)

const trouble = new UnavailableError('connection', 'nobody answers')

/** Tells `perSecond` events of these flows until it is stopped; says how many it has told. */
export function tellOf(flows: readonly string[], observer: Observer, perSecond: number): { stop(): number } {
  for (const flow of flows) observer({ flow, type: 'started', kind: 'ingest' })
  const since = performance.now()
  let told = 0
  const timer = setInterval(() => {
    const due = ((performance.now() - since) / 1_000) * perSecond
    for (; told < due; told++) observer(eventOf(flows[told % flows.length] ?? '', Math.floor(told / flows.length)))
  }, TICK_MS)
  return {
    stop() {
      clearInterval(timer)
      return told
    },
  }
}

/** Processor time of telling so many events to all that watch, one after the other, in seconds per event. */
export function costOf(flows: readonly string[], observer: Observer, events: number): number {
  const before = process.cpuUsage()
  for (let told = 0; told < events; told++)
    observer(eventOf(flows[told % flows.length] ?? '', Math.floor(told / flows.length)))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6 / events
}

/** Mostly batches; now and then what else flows tell. */
function eventOf(flow: string, turn: number): FlowEvent {
  const lane = LANES[turn % LANES.length] ?? ''
  if (turn % 100 === 7) return { flow, type: 'retry', lane, attempt: 1, delayMs: 100, error: trouble }
  if (turn % 100 === 17)
    return { flow, type: 'dead-letters', lane, count: 1, code: 'check-violation', reason: 'refused' }
  if (turn % 200 === 57) return { flow, type: 'health', subject: 'db', healthy: false, reason: 'nobody answers' }
  if (turn % 200 === 157) return { flow, type: 'health', subject: 'db', healthy: true, reason: undefined }
  return { flow, type: 'batch', lane, items: 100, durationMs: 3, lagMs: turn % 50 }
}
