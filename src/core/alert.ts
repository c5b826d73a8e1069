import type { Diagnosis } from './diagnosis.js'

/** What is wrong: one thing of each kind per flow. */
export type AlertKind = 'stopped' | 'lag' | 'dead-letters' | 'different' | 'refused'

export const ALERT_KINDS = ['stopped', 'lag', 'dead-letters', 'different', 'refused'] as const satisfies AlertKind[]

/** One thing that a person should know. Counts and names, and no value of a row. */
export interface Alert {
  readonly flow: string
  /** `check`, `ingest`, ... */
  readonly flowKind: string
  readonly kind: AlertKind
  /** `raised`: new; `repeated`: told before, and still so; `resolved`: well again. */
  readonly status: 'raised' | 'repeated' | 'resolved'
  /** ISO 8601, UTC: when it began. */
  readonly since: string
  /** One sentence, without the flow's name. */
  readonly message: string
  /** Differences, dead letters, ms of lag: what the sentence says, for machines. */
  readonly count?: number
  /** A command that shows more. */
  readonly command: string
}

/** What is told at one time. */
export interface AlertMessage {
  /** The same however often it is tried to deliver it. */
  readonly id: string
  /** ISO 8601, UTC. */
  readonly at: string
  /** Sent by hand to see whether it arrives. */
  readonly test: boolean
  readonly alerts: readonly Alert[]
}

/** Where alerts go: what `webhook(...)` returns. Making one opens nothing. */
export interface AlertSink {
  /** Where, without secrets: `webhook https://hooks.slack.com`. */
  readonly label: string
  /**
   * Delivers it once. Resolves with what came back, for people. Throws an `UnavailableError` where trying again may help,
   * a `ConfigError` where it does not.
   */
  send(message: AlertMessage, signal: AbortSignal): Promise<string>
  /** What would keep alerts from arriving; sends nothing. */
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
}

/** When a flow alerts, with all defaults filled in. `undefined`: never. */
export interface AlertRules {
  readonly stopped: boolean
  readonly lagAboveMs: number | undefined
  readonly forMs: number
  readonly deadLettersAbove: number | undefined
  /** From this many differences on. */
  readonly checkDifferent: number | undefined
  readonly feedRefused: boolean
}

/** What a flow says of its own alerts; the rest is said by the config. */
export interface FlowAlert {
  /** `false`: it never alerts. */
  readonly on: boolean
  /** In place of those of the config. */
  readonly to: readonly AlertSink[] | undefined
  readonly rules: Partial<AlertRules>
}

/** What the alerts of every flow have. */
export interface CommonAlert {
  /** Where to. Default: `alerts.to` of the config. */
  readonly to?: AlertSink | readonly AlertSink[] | undefined
  /** A flow that stopped with an error, a run that failed, a check that could not tell. Default `true`. */
  readonly stopped?: boolean | undefined
}

/** `alert` of `check`; `false`: none. */
export type CheckAlert =
  | false
  | (CommonAlert & {
      /** `any` difference, from this many on, or never. Default `any`. */
      readonly when?: 'any' | number | false | undefined
    })

/** `alert` of `ingest`, `relay` and `sync`; `false`: none. */
export type StreamAlert =
  | false
  | (CommonAlert & {
      /** Rows, or messages, arrive later than this, in ms, for longer than `forMs`. Default `false`: never. */
      readonly lagAboveMs?: number | false | undefined
      /** Default 300,000 (five minutes). */
      readonly forMs?: number | undefined
      /** More dead letters than this wait for a person. Default `false`: never. */
      readonly deadLettersAbove?: number | false | undefined
    })

/** `alert` of `feed`; `false`: none. */
export type FeedAlert =
  | false
  | (CommonAlert & {
      /** Nothing was published, as the feed had lost too many rows or too many were rejected. Default `true`. */
      readonly refused?: boolean | undefined
    })

/** `alerts` of the config: for all flows, each of which may say otherwise. */
export interface AlertSettings extends CommonAlert {
  /** As `lagAboveMs` of a flow. Default `false`: never. */
  readonly lagAboveMs?: number | false | undefined
  /** Default 300,000 (five minutes). */
  readonly forMs?: number | undefined
  /** As `deadLettersAbove` of a flow. Default `false`: never. */
  readonly deadLettersAbove?: number | false | undefined
  /** As `when` of a check. Default `any`. */
  readonly checkDifferent?: 'any' | number | false | undefined
  /** As `refused` of a feed. Default `true`. */
  readonly feedRefused?: boolean | undefined
  /** What happens within this time is one message, in ms. Default 10,000. */
  readonly groupMs?: number | undefined
  /** What stays wrong is told again after `firstMs`, then twice that, up to `maxMs`. Default 3,600,000 and 86,400,000. */
  readonly repeat?: { readonly firstMs?: number | undefined; readonly maxMs?: number | undefined } | undefined
}
