import type { FlowHappening, FlowSummary } from './flow.js'

export interface About {
  readonly name: 'lockstep'
  readonly version: string
  /** `run`: flows run in this process. `watch`: they run elsewhere and are read from the state tables. */
  readonly mode: 'run' | 'watch'
  /** Nothing can be changed through this server. */
  readonly readOnly: boolean
  readonly startedAt: string
  readonly now: string
}

/** RFC 9457. `code` is listed in docs/errors.md. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  /** What to do about it. */
  readonly fix?: string | undefined
  /** Also in the header `X-Request-Id`, and in the lines of the log. */
  readonly requestId?: string | undefined
}

/** A list that may go on: hand `next` in as `cursor`. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

export interface Readiness {
  readonly ready: boolean
  /** What is not, one sentence each; empty for whoever has no token. */
  readonly problems: readonly { readonly subject: string; readonly reason: string }[]
}

/** What the live stream tells. `flows` comes every second; after `reset` everything should be read again. */
export type LiveEvent =
  | { readonly type: 'flows'; readonly flows: readonly FlowSummary[] }
  | { readonly type: 'happening'; readonly happening: FlowHappening }
  | { readonly type: 'reset' }
