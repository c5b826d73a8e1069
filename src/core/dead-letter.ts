/** An item that could not be stored, kept with all that is needed to understand and replay it. */
export interface DeadLetter {
  readonly flow: string
  readonly lane: string
  readonly stage: 'decode' | 'validate' | 'map' | 'write'
  /** `LockstepError.code` or the driver's own, e.g. `check-violation`. */
  readonly code: string
  /** Why, without row values. */
  readonly reason: string
  /** The item, as JSON text. */
  readonly payload: string
  /** Identity of the item in its flow, as JSON text of the key; a second letter with it replaces the first. */
  readonly itemKey: string
  readonly position: string | undefined
  readonly attempts: number
}

export interface DeadLetterStore {
  /** Stores all letters or none; repeatable (the same flow and item key replaces). Resolves when they are durable. */
  store(letters: readonly DeadLetter[]): Promise<void>
  count(flow: string): Promise<number>
}
