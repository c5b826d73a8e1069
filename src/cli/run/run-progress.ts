import type { NamedFlow } from '../../config/select-flows.js'
import type { FlowEvent } from '../../core/observer.js'
import { scrub } from '../../core/secret.js'
import type { RunRecord } from '../../core/state.js'
import type { Notice, RunView } from '../render/run-view.js'
import { FlowProgress } from './flow-progress.js'

const MAX_NOTICES = 20

/** Adds up the events of all flows of a run. */
export class RunProgress {
  readonly #startedMs: number
  readonly #flows: ReadonlyMap<string, FlowProgress>
  #notices: readonly Notice[] = []

  constructor(flows: readonly NamedFlow[], nowMs: number) {
    this.#startedMs = nowMs
    this.#flows = new Map(flows.map(({ name, flow }) => [name, new FlowProgress(name, flow.kind, nowMs)]))
  }

  /** An observer. */
  readonly take = (event: FlowEvent): void => {
    const nowMs = Date.now()
    this.#flows.get(event.flow)?.take(event, nowMs)
    const notice = noticeOf(event)
    if (notice !== undefined) this.#notices = [...this.#notices, { ...notice, atMs: nowMs }].slice(-MAX_NOTICES)
  }

  view(stopping: RunView['stopping']): RunView {
    const nowMs = Date.now()
    return {
      startedMs: this.#startedMs,
      nowMs,
      stopping,
      flows: [...this.#flows.values()].map((flow) => flow.view(nowMs)),
      notices: this.#notices,
    }
  }

  /** The record of each flow, for its state tables; `run` names this process. */
  records(run: string): ReadonlyMap<string, () => RunRecord> {
    return new Map([...this.#flows].map(([name, flow]) => [name, () => flow.record(run, Date.now())]))
  }
}

/** What is worth a line in the live view; the rest is in its figures. */
function noticeOf(event: FlowEvent): Omit<Notice, 'atMs'> | undefined {
  const { flow } = event
  if (event.type === 'notice') return { flow, level: event.level, text: scrub(event.message) }
  if (event.type === 'caught-up') return { flow, level: 'info', text: 'caught up' }
  if (event.type === 'dead-letters') {
    return { flow, level: 'warn', text: scrub(`${event.count} dead letters (${event.code}): ${event.reason}`) }
  }
  if (event.type === 'health' && event.healthy) return { flow, level: 'info', text: scrub(`${event.subject} is back`) }
  return undefined
}
