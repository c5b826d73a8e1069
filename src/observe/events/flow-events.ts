import { DataError, LockstepError } from '../../core/errors.js'
import type { LoggedEvent } from '../../core/event-log.js'
import type { FlowEvent } from '../../core/observer.js'
import { short, whyRefused, whyStopped } from '../alerts/wording.js'
import { told } from '../board/happening.js'
import { eventName, FLOW_EVENTS, type FlowEventName, goesOn, levelOf } from './vocabulary.js'

/** Equal ones within this time are one. */
const CHANGE_MS = 10_000
const TROUBLE_MS = 600_000
/** Kinds whose last event is remembered; a kind beyond is told anew. */
const MAX_KINDS = 64
const MAX_MESSAGE = 1_000

interface Known {
  readonly event: CountedEvent
  readonly firstMs: number
}

/** Grows while it is told again; there are hundreds a second then, so its text is made when it is read. */
interface CountedEvent extends LoggedEvent {
  times: number
  lastMs: number
}

/** Makes of what one flow tells the events that are kept of it. Its memory does not grow. */
export class FlowEvents {
  readonly #flow: string
  readonly #nextId: (ms: number) => string
  readonly #known = new Map<string, Known>()
  #kind: string | undefined
  #verdict: string | undefined

  constructor(flow: string, nextId: (ms: number) => string) {
    this.#flow = flow
    this.#nextId = nextId
  }

  /** A new event, or one told before, which stands for one more from now on; `undefined`: nothing to keep. */
  take(event: FlowEvent, nowMs: number): LoggedEvent | undefined {
    if (event.type === 'started') this.#kind = event.kind
    const fact = eventName(event, this.#kind)
    if (fact === undefined || !FLOW_EVENTS[fact].kept || (event.type === 'verdict' && this.#isKnown(event.verdict)))
      return undefined
    const key = `${fact} ${distinction(event)}`
    const known = this.#known.get(key)
    const times = 'count' in event ? event.count : 1
    if (known !== undefined && nowMs - known.firstMs < (goesOn(fact) ? TROUBLE_MS : CHANGE_MS)) {
      known.event.times += times
      known.event.lastMs = nowMs
      return known.event
    }
    const made = this.#make(event, { fact, nowMs, times })
    this.#remember(key, { event: made, firstMs: nowMs })
    return made
  }

  /** That both sides are still the same is no news. */
  #isKnown(verdict: string): boolean {
    const known = verdict === 'same' && this.#verdict === 'same'
    this.#verdict = verdict
    return known
  }

  #make(event: FlowEvent, { fact, nowMs, times }: { fact: FlowEventName; nowMs: number; times: number }): CountedEvent {
    const { code } = told(event)
    return {
      id: this.#nextId(nowMs),
      flow: this.#flow,
      event: fact,
      level: levelOf(fact),
      at: new Date(nowMs).toISOString(),
      lastMs: nowMs,
      get lastAt() {
        return new Date(this.lastMs).toISOString()
      },
      times,
      message: messageOf(event, fact).slice(0, MAX_MESSAGE),
      code,
      subject: subjectOf(event),
    }
  }

  #remember(key: string, known: Known): void {
    this.#known.delete(key)
    this.#known.set(key, known)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_KINDS && oldest !== undefined) this.#known.delete(oldest)
  }
}

function subjectOf(event: FlowEvent): string | undefined {
  if (event.type === 'health') return event.subject
  return 'lane' in event && event.lane !== '' ? event.lane : undefined
}

/** What tells one of the same fact from another. */
function distinction(event: FlowEvent): string {
  switch (event.type) {
    case 'retry':
      return `${event.lane} ${event.error.name}`
    case 'health':
      return event.subject
    case 'dead-letters':
    case 'notice':
      return event.code
    case 'conflicts':
      return event.decision
    case 'published':
      return String(event.sequence)
    default:
      return ''
  }
}

/** Reasons of items and messages of errors that are not this tool's may quote a value: these stay in the log. */
function messageOf(event: FlowEvent, fact: FlowEventName): string {
  switch (event.type) {
    case 'dead-letters':
      return fact === 'held' ? `held, to be tried again (${event.code})` : `became dead letters (${event.code})`
    case 'retry':
      if (event.error instanceof LockstepError) return short(event.error.message)
      return `unexpected ${event.error.name}; see the log`
    case 'stopped':
      if (fact === 'refused' && event.error instanceof DataError) return whyRefused(event.error)
      return event.error === undefined ? told(event).message : whyStopped(event.error)
    default:
      return told(event).message
  }
}
