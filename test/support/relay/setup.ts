/** What `lockstep.config.ts` needs to know; it goes there as JSON in `RELAY_SETUP`. */
export interface RelaySetup {
  /** Of a KurrentDB server. */
  readonly from: string
  readonly brokers: readonly string[]
  readonly topic: string
  /** Of the database that keeps positions and dead letters. */
  readonly state: string
  /** Put into the header `sender` of each message. */
  readonly sender?: string
}
