/** What differs between the flows of the tests; it goes to `lockstep.config.ts` as JSON in `INGEST_SETUP`. */
export interface IngestSetup {
  readonly from: StreamSetup
  readonly into: TargetSetup
  /** Default `readings` and `effects`. */
  readonly tables?: readonly TableName[]
  /** Of a Redis server. */
  readonly cache?: string
  readonly stopAbove?: number
  readonly orphans?: 'hold'
  /** Default 50, so that a test has many batches. */
  readonly batchItems?: number
  /** The schema also takes versions that are text. */
  readonly mended?: boolean
}

export type TableName = 'sensors' | 'readings' | 'effects'

export interface TargetSetup {
  readonly engine: 'postgres' | 'mysql'
  readonly url: string
}

export type StreamSetup =
  | {
      readonly system: 'pubsub'
      readonly address: string
      readonly subscription: string
      readonly leaseMs: number
      readonly maxMessages: number
      readonly maxBytes?: number
      /** Default 1,000. */
      readonly silenceMs?: number
    }
  | { readonly system: 'kurrentdb'; readonly url: string; readonly group?: string }
  | {
      readonly system: 'kafka'
      readonly brokers: readonly string[]
      readonly topic: string
      readonly group: string
      readonly sessionTimeoutMs: number
    }
