import type { Feed, FeedDetail } from '../client/wire/feeds.js'
import type { Page } from '../client/wire/server.js'
import type { AlertSettings } from '../core/alert.js'
import type { Database } from '../core/database.js'
import type { Flow } from '../core/flow.js'
import type { Observer } from '../core/observer.js'
import type { Board } from '../observe/board/flow-figures.js'

export type FlowCommand = 'pause' | 'resume' | 'run'

/** Starts and stops flows of this process. */
export interface FlowControl {
  /** What the flow would obey now. */
  commands(flow: string): readonly FlowCommand[]
  /** Asks for it and returns at once; the flow's events tell what becomes of it. `false`: not possible now. */
  command(flow: string, command: FlowCommand): boolean
}

export interface PageRequest {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Feeds as their stores have them. A flow that is no feed has none. */
export interface FeedReader {
  /** Newest first. */
  list(flow: string, page: PageRequest, signal: AbortSignal): Promise<Page<Feed>>
  one(flow: string, sequence: number, signal: AbortSignal): Promise<FeedDetail | undefined>
}

/** All that the server shows and may touch. Whoever makes it closes nothing: the databases are those of the config. */
export interface Desk {
  readonly version: string
  /** `run`: flows run in this process. `watch`: they run elsewhere. */
  readonly mode: 'run' | 'watch'
  /** Requests that change something are refused. */
  readonly readOnly: boolean
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly flows: ReadonlyMap<string, Flow>
  /** The databases that hold what a flow keeps: checkpoints, runs, conflicts. */
  stateOf(flow: string): readonly Database[]
  readonly board: Board
  readonly feeds: FeedReader
  /** As in the config: where alerts go, for a test of them. */
  readonly alerts?: AlertSettings
  /** Left out where flows run elsewhere. */
  readonly control?: FlowControl
  /** Of the events of the log that this process keeps: the board knows these too. */
  readonly eventTag?: string
  /** Hears of what a replay does. */
  readonly observer: Observer
  /** Abort when this process is asked to stop, and to stop at once. */
  readonly drain: AbortSignal
  readonly abort: AbortSignal
}

/** A running process tells how its flows stand every second; after this long its silence is news. */
export const STALE_MS = 15_000
/** Of one question to a store. */
export const STORE_DEADLINE_MS = 10_000
