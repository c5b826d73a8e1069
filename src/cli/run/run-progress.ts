import type { FlowEvent } from '../../core/observer.js'
import { scrub } from '../../core/secret.js'
import type { RunRecord } from '../../core/state.js'
import { eachBatch } from '../../observe/each-batch.js'
import { type FlowTally, type Tally, tally } from '../../observe/tally.js'
import type { Notice, RunView } from '../render/run-view.js'
import { flowView, runRecord } from './flow-view.js'
import { Recent } from './recent.js'

const MAX_NOTICES = 20

/** How a run goes: what the live view, the heartbeats and the summary are made of. */
export class RunProgress {
  readonly startedMs = Date.now()
  /** Told first by `take`; others may read it. */
  readonly tally: Tally = tally()
  readonly #lately = new Map<string, { readonly recent: Recent; readonly unhealthySince: Map<string, number> }>()
  readonly #notices: Notice[] = []

  /** An observer. */
  readonly take = (event: FlowEvent, nowMs = Date.now()): void => {
    this.tally.take(event, nowMs)
    const { recent, unhealthySince } = this.#latelyOf(event.flow)
    if (event.type === 'batch') {
      eachBatch(event, (items, _, lagMs) => recent.add(items, lagMs, nowMs))
      return
    }
    if (event.type === 'health' && event.healthy) unhealthySince.delete(event.subject)
    if (event.type === 'health' && !event.healthy) unhealthySince.set(event.subject, nowMs)
    const notice = noticeOf(event)
    if (notice === undefined) return
    if (this.#notices.length === MAX_NOTICES) this.#notices.shift()
    this.#notices.push({ ...notice, atMs: nowMs })
  }

  tallies(): readonly FlowTally[] {
    return this.tally.snapshot()
  }

  view(stopping: RunView['stopping']): RunView {
    const nowMs = Date.now()
    const flows = this.tallies().map((flow) => flowView(flow, this.#latelyOf(flow.flow), nowMs))
    return { startedMs: this.startedMs, nowMs, stopping, flows, notices: [...this.#notices] }
  }

  /** What to write to the state tables; `undefined` before the flow has started. */
  record(flow: string, run: string): RunRecord | undefined {
    const found = this.tallies().find((candidate) => candidate.flow === flow)
    return found && runRecord(found, this.#latelyOf(flow), { run, nowMs: Date.now() })
  }

  #latelyOf(flow: string): { readonly recent: Recent; readonly unhealthySince: Map<string, number> } {
    const known = this.#lately.get(flow)
    if (known !== undefined) return known
    const made = { recent: new Recent(), unhealthySince: new Map<string, number>() }
    this.#lately.set(flow, made)
    return made
  }
}

/** What is worth a line in the live view; the rest is in its figures. */
function noticeOf(event: FlowEvent): Omit<Notice, 'atMs'> | undefined {
  const { flow } = event
  if (event.type === 'notice') return { flow, level: event.level, text: scrub(event.message) }
  if (event.type === 'published') return { flow, level: 'info', text: scrub(`published ${event.detail}`) }
  if (event.type === 'caught-up') return { flow, level: 'info', text: 'caught up' }
  if (event.type === 'dead-letters') {
    return { flow, level: 'warn', text: scrub(`${event.count} dead letters (${event.code}): ${event.reason}`) }
  }
  if (event.type === 'health' && event.healthy) return { flow, level: 'info', text: scrub(`${event.subject} is back`) }
  return undefined
}
