/**
 * The parts of a KafkaJS-compatible client that are used, as shapes: the user hands the client in, nothing is imported.
 * Both `Kafka` of kafkajs and `KafkaJS.Kafka` of @confluentinc/kafka-javascript fit; where they differ, see flavor.ts.
 */
export interface KafkaClient {
  // The clients want configs of different shapes; `object` fits both, flavor.ts makes the right one.
  consumer(config: object): KafkaConsumer
  producer(config?: object): KafkaProducer
  admin(config?: object): KafkaAdmin
  /** Only kafkajs has it. */
  logger?(): unknown
}

export interface KafkaConsumer {
  connect(): Promise<void>
  disconnect(): Promise<void>
  subscribe(subscription: { topics: string[]; fromBeginning?: boolean }): Promise<void>
  run(config: {
    autoCommit?: boolean
    eachBatchAutoResolve?: boolean
    eachBatch(payload: KafkaBatchPayload): Promise<void>
  }): Promise<void>
  seek(to: { topic: string; partition: number; offset: string }): void
  pause(topics: { topic: string; partitions: number[] }[]): void
  resume(topics: { topic: string; partitions: number[] }[]): void
  commitOffsets(offsets: { topic: string; partition: number; offset: string }[]): Promise<void>
  /** Only kafkajs has it. */
  on?(event: string, listener: (event: { readonly payload: unknown }) => void): () => void
}

export interface KafkaBatchPayload {
  readonly batch: KafkaBatch
  resolveOffset(offset: string): void
  heartbeat(): Promise<void>
  isStale(): boolean
}

export interface KafkaBatch {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly KafkaRecord[]
  /** That of the last record, control records and aborted ones included where the client knows them (kafkajs). */
  lastOffset(): string
  /** Where the fetch began that brought it; kafkajs has it, though not in its types. */
  readonly fetchedOffset?: string
}

export interface KafkaRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Milliseconds since 1970 as text; empty where there is none. */
  readonly timestamp: string
  readonly offset: string
  readonly headers?: Readonly<Record<string, HeaderValue>> | undefined
}

export type HeaderValue = Uint8Array | string | readonly (Uint8Array | string)[] | undefined

export interface KafkaProducer {
  connect(): Promise<void>
  disconnect(): Promise<void>
  send(record: {
    topic: string
    messages: { key: string | null; value: Buffer; headers: Record<string, string> }[]
    acks?: number
  }): Promise<unknown>
}

export interface KafkaAdmin {
  connect(): Promise<void>
  disconnect(): Promise<void>
  listTopics(): Promise<string[]>
  fetchTopicOffsets(topic: string): Promise<readonly { partition: number; high: string; low: string }[]>
  fetchOffsets(options: {
    groupId: string
    topics: string[]
  }): Promise<readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]>
}
