import type { FlowEvent } from '../../core/observer.js'
import { eventName, levelOf } from '../events/vocabulary.js'
import { type Happening, kindOf, told } from './happening.js'

/** Equal ones within this time are one. */
const TOGETHER_MS = 10_000
/** Kinds whose last one is remembered. */
const MAX_KINDS = 64

interface Kept {
  readonly happening: Omit<Happening, 'lastAt' | 'times'>
  readonly firstMs: number
  lastMs: number
  times: number
}

/** The last happenings of one flow, at most `limit`. */
export class Happenings {
  readonly #limit: number
  readonly #kept: Kept[] = []
  readonly #kinds = new Map<string, Kept>()
  #flowKind: string | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** What is new, once; equal ones that follow it are only counted. */
  take(event: FlowEvent, nowMs: number, nextSequence: () => number): Happening | undefined {
    if (event.type === 'started') this.#flowKind = event.kind
    const kind = kindOf(event)
    const type = eventName(event, this.#flowKind)
    if (kind === undefined || type === undefined) return undefined
    const known = this.#kinds.get(kind)
    if (known !== undefined && nowMs - known.firstMs < TOGETHER_MS) {
      known.times += timesOf(event)
      known.lastMs = nowMs
      return undefined
    }
    const { flow } = event
    const about = { sequence: nextSequence(), flow, type, level: levelOf(type), at: iso(nowMs) }
    const happening = { ...about, ...told(event) }
    const kept: Kept = { happening, firstMs: nowMs, lastMs: nowMs, times: timesOf(event) }
    this.#kinds.delete(kind)
    this.#kinds.set(kind, kept)
    if (this.#kinds.size > MAX_KINDS) this.#forgetKind()
    this.#kept.push(kept)
    // Not with each one, as taking the first away moves all others.
    if (this.#kept.length > 2 * this.#limit) this.#kept.splice(0, this.#kept.length - this.#limit)
    return shown(kept)
  }

  /** Newest first. */
  list(): readonly Happening[] {
    return this.#kept.slice(-this.#limit).reverse().map(shown)
  }

  #forgetKind(): void {
    const [oldest] = this.#kinds.keys()
    if (oldest !== undefined) this.#kinds.delete(oldest)
  }
}

function timesOf(event: FlowEvent): number {
  return 'count' in event ? event.count : 1
}

function shown({ happening, lastMs, times }: Kept): Happening {
  return { ...happening, lastAt: iso(lastMs), times }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
