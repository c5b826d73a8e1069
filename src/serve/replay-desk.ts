import type { Replay } from '../client/wire/letters.js'
import type { LetterFilter } from '../core/dead-letter.js'
import type { ReplayReport } from '../core/flow.js'
import type { FlowEvent } from '../core/observer.js'
import type { Desk } from './desk.js'
import { RequestError } from './problem.js'
import { flowOf } from './routes/route-parts.js'

/** What of a replay is also news of the flow; that the replay itself begins and ends is not. */
const TOLD: ReadonlySet<FlowEvent['type']> = new Set([
  'batch',
  'retry',
  'dead-letters',
  'skipped',
  'conflicts',
  'notice',
])

interface Asked {
  readonly patienceMs: number
  readonly requestId: string
}

/** Replays letters, of each flow one choice at a time. */
export class ReplayDesk {
  readonly #desk: Desk
  readonly #running = new Set<string>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** Answers after `patienceMs` at the latest; what is not done by then goes on. */
  async replay(name: string, filter: LetterFilter, { patienceMs, requestId }: Asked): Promise<Replay> {
    const flow = flowOf(this.#desk, name)
    if (flow.replay === undefined) throw notReplayable(flow.kind)
    if (this.#running.has(name)) {
      throw new RequestError(
        409,
        'replay-running',
        'letters of this flow are being replayed',
        'wait until that is done',
      )
    }
    const { drain, abort, observer } = this.#desk
    const tell = (event: FlowEvent): void => {
      if (TOLD.has(event.type)) observer({ ...event, requestId })
    }
    this.#running.add(name)
    // Parts of a replay that has failed may still be at work; they must not outlive it.
    const over = new AbortController()
    const context = { name, observer: tell, drain, abort: AbortSignal.any([abort, over.signal]), untilCaughtUp: true }
    const work = flow.replay(filter, context).finally(() => {
      over.abort()
      this.#running.delete(name)
    })
    return this.#answer(name, work, { patienceMs, requestId })
  }

  async #answer(name: string, work: Promise<ReplayReport>, { patienceMs, requestId }: Asked): Promise<Replay> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), patienceMs)
    })
    try {
      const report = await Promise.race([work, late])
      if (report !== undefined) return { done: true, ...report }
    } finally {
      clearTimeout(timer)
    }
    const tell = (level: 'info' | 'warn', message: string): void =>
      this.#desk.observer({ flow: name, requestId, type: 'notice', level, code: 'letters-replayed', message })
    work.then(
      ({ letters, replayed, failed }) => {
        const message = `replayed ${replayed} of ${letters} dead letters; ${failed} failed again`
        tell(failed > 0 ? 'warn' : 'info', message)
      },
      () => tell('warn', 'the replay of dead letters failed; those not replayed are as they were'),
    )
    return { done: false, letters: 0, replayed: 0, failed: 0 }
  }
}

function notReplayable(kind: string): RequestError {
  const message =
    kind === 'sync'
      ? 'dead letters of a sync flow are not replayed: its comparison brings over the rows they stand for'
      : `a ${kind} flow cannot replay dead letters`
  return new RequestError(409, 'letters-not-replayable', message)
}
