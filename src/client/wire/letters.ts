export type LetterStage = 'decode' | 'validate' | 'map' | 'write'
export type LetterState = 'dead' | 'held' | 'replayed' | 'discarded'

/** A dead letter in a list, without what is in it. */
export interface Letter {
  readonly flow: string
  /** Names it within its flow and store. */
  readonly id: string
  /** Label of where it is kept. */
  readonly store: string
  readonly state: LetterState
  readonly stage: LetterStage
  readonly code: string
  /** Why, without row values. */
  readonly reason: string
  readonly itemKey: string
  readonly lane: string
  readonly position: string | null
  readonly attempts: number
  readonly firstAt: string
  readonly lastAt: string
}

export interface LetterDetail extends Letter {
  /** As text or base64; cut after 64 KiB of characters: the whole is at `.../payload`. */
  readonly payload: string
  readonly encoding: 'text' | 'base64'
  readonly payloadCharacters: number
  readonly headers: Readonly<Record<string, string>>
  /** What else makes the message whole again, as JSON text. */
  readonly origin: string | null
}

/** Which letters are listed. All that are given must hold. */
export interface LetterQuery {
  readonly code?: readonly string[]
  readonly stage?: readonly LetterStage[]
  /** Default `dead` and `held`. */
  readonly state?: readonly LetterState[]
  /** On `lastAt`: from `since` (included) to `until` (left out). */
  readonly since?: string
  readonly until?: string
  readonly limit?: number
  readonly cursor?: string
}

/** Which letters are meant. Without ids and filters `all` must be `true`. */
export interface LetterChoice {
  readonly ids?: readonly string[] | undefined
  readonly code?: readonly string[] | undefined
  readonly stage?: readonly LetterStage[] | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly all?: boolean | undefined
}

/** `done: false`: it goes on, and the flow's happenings tell its end. */
export interface Replay {
  readonly done: boolean
  readonly letters: number
  readonly replayed: number
  readonly failed: number
}

export interface Discard {
  readonly letters: number
  /** Fewer than letters when some failed again in the meantime; those stay. */
  readonly discarded: number
}

/** Two rows under one key, and what was done about it. Values are text in the order of the table's columns. */
export interface ConflictEntry {
  readonly id: string
  /** Label of the database that keeps it. */
  readonly database: string
  readonly flow: string
  readonly table: string
  readonly key: readonly (string | null)[]
  readonly incoming: readonly (string | null)[]
  readonly existing: readonly (string | null)[]
  readonly decision: 'kept-both' | 'kept-existing' | 'took-incoming'
  readonly times: number
  readonly firstAt: string
  readonly lastAt: string
}
