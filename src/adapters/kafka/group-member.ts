import { z } from 'zod'
import { ReassignedError, UnavailableError } from '../../core/errors.js'
import { disconnect } from './broker.js'
import type { KafkaBatchPayload, KafkaConsumer } from './client.js'
import { within } from './deadline.js'
import { unavailable } from './errors.js'
import type { Feed, Steering } from './feed.js'
import { consumerConfig, runConfig, subscription } from './flavor.js'
import type { StreamSettings } from './options.js'
import { byTopic, type Partition } from './partition.js'

/** The partitions this member was given. Another object each time, so that it is told from the one before. */
export interface Assignment {
  readonly partitions: readonly Partition[]
}

type State =
  | { readonly kind: 'joining' }
  | { readonly kind: 'member'; readonly assignment: Assignment }
  | { readonly kind: 'dead'; readonly error: unknown }

const Joined = z.object({ memberAssignment: z.record(z.string(), z.array(z.number())) })
const Crashed = z.object({ error: z.unknown() })
const Processed = z.object({
  topic: z.string(),
  partition: z.number(),
  batchSize: z.number(),
  firstOffset: z.string().nullable(),
  lastOffset: z.string(),
})

/** librdkafka's ERR__ASSIGN_PARTITIONS; the only other event is that they are taken away. */
const ASSIGNED = -175

/**
 * A consumer in its group. It stays a member while nobody reads: partitions are paused then, and its client goes on with
 * heartbeats. It dies when its client gives up; the next one is a new object.
 */
export class GroupMember implements AsyncDisposable {
  readonly #settings: StreamSettings
  readonly #consumer: KafkaConsumer
  #state: State = { kind: 'joining' }
  #feed: Feed | undefined
  #waiting: (() => void)[] = []
  /** Never rejects. */
  readonly #started: Promise<void>
  #startEnded = false
  #left: Promise<void> | undefined

  constructor(settings: StreamSettings, batchItems: number) {
    this.#settings = settings
    const { client, flavor } = settings
    this.#consumer = client.consumer(
      consumerConfig(flavor, { ...settings, batchItems }, async (event, partitions) => {
        if (event.code !== ASSIGNED) return this.#lost()
        // The client takes the assignment over when this function has returned, and can be steered only then.
        setImmediate(() => this.#joined(partitions))
      }),
    )
    this.#listen()
    this.#started = this.#start()
  }

  get dead(): boolean {
    return this.#state.kind === 'dead'
  }

  /** Resolves with what this member may read, once the group has agreed on it; `undefined` once the signal aborts. */
  async assignment(signal: AbortSignal): Promise<Assignment | undefined> {
    const { sessionTimeoutMs, rebalanceTimeoutMs, requestMs, groupId } = this.#settings
    const until = performance.now() + sessionTimeoutMs + rebalanceTimeoutMs + requestMs
    for (;;) {
      if (signal.aborted) return undefined
      if (this.#state.kind === 'dead') throw this.#state.error
      if (this.#state.kind === 'member') return this.#state.assignment
      if (performance.now() >= until) {
        throw new UnavailableError('kafka-join', `group ${groupId} gave this member no answer about its partitions`)
      }
      await this.#change(signal, until - performance.now())
    }
  }

  /** Lets the feed have what comes. Throws a `ReassignedError` when the assignment is not that any more. */
  attach(feed: Feed, assignment: Assignment): void {
    if (this.#state.kind === 'dead') throw this.#state.error
    if (this.#state.kind !== 'member' || this.#state.assignment !== assignment) throw this.#reassigned()
    this.#feed = feed
    feed.begin()
  }

  /** Nothing more for the feed: nobody reads it. */
  detach(feed: Feed): void {
    if (this.#feed !== feed) return
    this.#feed = undefined
    feed.pause()
    feed.end(undefined)
  }

  readonly steering: Steering = {
    pause: (partitions) => this.#steer(() => this.#consumer.pause(byTopic(partitions))),
    resume: (partitions) => this.#steer(() => this.#consumer.resume(byTopic(partitions))),
    seek: ({ topic, partition }, offset) =>
      this.#steer(() => this.#consumer.seek({ topic, partition, offset: String(offset) })),
  }

  async commit(offsets: { topic: string; partition: number; offset: string }[]): Promise<void> {
    await this.#consumer.commitOffsets(offsets)
  }

  /** Leaves the group. Idempotent; whatever goes wrong meanwhile changes nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#died(new UnavailableError('kafka-left', 'this member has left its group'))
    await this.#left
  }

  async #leave(): Promise<void> {
    // kafkajs sets the timer of its own restart right after it told of the crash; after that it can be stopped for good.
    await new Promise((resolve) => setImmediate(resolve))
    await disconnect(this.#consumer)
    // What was still joining would be a member again that nobody knows of.
    if (!this.#startEnded) void this.#started.then(() => disconnect(this.#consumer))
  }

  async #start(): Promise<void> {
    const { flavor, topics, groupId, requestMs } = this.#settings
    const consumer = this.#consumer
    const what = `joining group ${groupId}`
    try {
      await within({ ms: requestMs, what }, () => consumer.connect())
      await within({ ms: requestMs, what }, () => consumer.subscribe(subscription(flavor, topics)))
      // Resolves at some time while the group is joined; what goes wrong later is told by events.
      await consumer.run({ ...runConfig(flavor), eachBatch: (payload) => this.#arrived(payload) })
    } catch (error) {
      this.#died(unavailable(what, error))
    } finally {
      this.#startEnded = true
    }
  }

  async #arrived(payload: KafkaBatchPayload): Promise<void> {
    await this.#feed?.arrived(payload)
  }

  /** Of kafkajs; the other client tells by `rebalance_cb`. */
  #listen(): void {
    const { on } = this.#consumer
    if (on === undefined) return
    const listen = <Payload>(event: string, schema: z.ZodType<Payload>, heard: (payload: Payload) => void) => {
      this.#consumer.on?.(`consumer.${event}`, ({ payload }) => {
        const parsed = schema.safeParse(payload)
        if (parsed.success) heard(parsed.data)
      })
    }
    listen('rebalancing', z.unknown(), () => this.#lost())
    listen('group_join', Joined, ({ memberAssignment }) => {
      const topics = Object.entries(memberAssignment)
      this.#joined(topics.flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition }))))
    })
    listen('crash', Crashed, ({ error }) => this.#died(unavailable(`group ${this.#settings.groupId}`, error)))
    listen('fetch', z.unknown(), () => {
      if (this.#feed !== undefined) this.#feed.heardAt = performance.now()
    })
    listen('start_batch_process', Processed, ({ topic, partition, batchSize, firstOffset, lastOffset }) => {
      if (batchSize > 0) return
      const first = firstOffset === null ? undefined : BigInt(firstOffset)
      this.#feed?.passed({ topic, partition }, first, BigInt(lastOffset))
    })
  }

  #lost(): void {
    if (this.#state.kind === 'dead') return
    this.#become({ kind: 'joining' }, this.#reassigned())
  }

  #joined(partitions: readonly Partition[]): void {
    if (this.#state.kind === 'dead') return
    // Before anything is fetched: where to begin is not known yet.
    this.steering.pause(partitions)
    this.#become({ kind: 'member', assignment: { partitions } }, this.#reassigned())
  }

  #died(error: unknown): void {
    if (this.#state.kind === 'dead') return
    this.#become({ kind: 'dead', error }, error)
    this.#left = this.#leave()
  }

  #become(state: State, feedEnds: unknown): void {
    this.#state = state
    this.#feed?.end(feedEnds)
    this.#feed = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** A client that has stopped cannot be steered and need not be; that it stopped is told elsewhere. */
  #steer(action: () => void): void {
    if (this.#state.kind === 'dead') return
    try {
      action()
    } catch (error) {
      this.#died(unavailable(`group ${this.#settings.groupId}`, error))
    }
  }

  #reassigned(): ReassignedError {
    return new ReassignedError('kafka-rebalance', `group ${this.#settings.groupId} shares its partitions anew`)
  }

  async #change(signal: AbortSignal, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.ceil(ms))
      signal.addEventListener('abort', wake, { once: true })
      this.#waiting.push(wake)
    })
  }
}
