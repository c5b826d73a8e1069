/** An item that could not be stored, kept with all that is needed to understand and replay it. */
export interface DeadLetter {
  readonly flow: string
  readonly lane: string
  readonly stage: LetterStage
  /** `LockstepError.code` or the driver's own, e.g. `check-violation`. */
  readonly code: string
  /** Why, without row values. */
  readonly reason: string
  /** The item: the body of a message, or a row as JSON text. */
  readonly payload: string
  /** `text`: the payload as it was; `base64`: its bytes, which are no UTF-8 text. */
  readonly encoding: 'text' | 'base64'
  /** Of the message; empty for rows. */
  readonly headers: Readonly<Record<string, string>>
  /** What else makes the message whole again (`Message` without body and headers), as JSON text. */
  readonly origin: string | undefined
  /** Identity of the item in its flow: a message's id, or JSON text of a row's key. A second letter with it replaces the first. */
  readonly itemKey: string
  readonly position: string | undefined
  /** Tries that this letter stands for; a store adds them up over the letters of one item. */
  readonly attempts: number
  /** The flow itself tries it again from time to time, as what it waits for may still come. */
  readonly held: boolean
}

export const LETTER_STAGES = ['decode', 'validate', 'map', 'write'] as const
export type LetterStage = (typeof LETTER_STAGES)[number]

/** `dead`: waits for a person; `held`: waits for another item; `replayed`: stored since then; `discarded`: given up. */
export const LETTER_STATES = ['dead', 'held', 'replayed', 'discarded'] as const
export type LetterState = (typeof LETTER_STATES)[number]

export interface StoredLetter extends DeadLetter {
  /** Short text that names the letter within its flow. */
  readonly id: string
  readonly state: LetterState
  /** When the item failed first and last; ISO 8601, UTC. */
  readonly firstAt: string
  readonly lastAt: string
}

/** All that are given must hold. */
export interface LetterFilter {
  readonly ids?: readonly string[]
  readonly codes?: readonly string[]
  readonly stages?: readonly LetterStage[]
  /** Default `dead` and `held`. */
  readonly states?: readonly LetterState[]
  /** On `lastAt`, ISO 8601: from `since` (included) to `until` (left out). */
  readonly since?: string
  readonly until?: string
}

export interface LetterPage {
  /** Default 100. */
  readonly limit?: number
  /** The last letter of the page before. */
  readonly after?: Pick<StoredLetter, 'id' | 'firstAt'>
}

/** Where dead letters go. */
export interface DeadLetterSink {
  /** For people, without credentials. */
  readonly label: string
  /** Stores all letters or none; repeatable. Resolves when they are durable. */
  store(letters: readonly DeadLetter[]): Promise<void>
}

/** Dead letters that can be looked at and tried again. The contract suite is `test/contracts/dead-letter-store.ts`. */
export interface DeadLetterStore extends DeadLetterSink {
  /** The same flow and item key replaces: the state becomes `dead` or `held`, attempts add up, `firstAt` stays. */
  store(letters: readonly DeadLetter[]): Promise<void>
  /** Default states `dead` and `held`. */
  count(flow: string, states?: readonly LetterState[]): Promise<number>
  /** In the order of `firstAt`, then `id`. */
  list(flow: string, filter?: LetterFilter, page?: LetterPage): Promise<readonly StoredLetter[]>
  /**
   * Sets the state of those letters that are as the caller knows them: their `attempts` have not grown since. Answers
   * how many were.
   */
  mark(
    flow: string,
    letters: readonly Pick<StoredLetter, 'id' | 'attempts'>[],
    state: 'replayed' | 'discarded',
  ): Promise<number>
}
