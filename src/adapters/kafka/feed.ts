import type { Batch, Lane } from '../../core/batch.js'
import type { Message } from '../../core/message.js'
import type { StreamOptions } from '../../core/stream.js'
import { Gatherer } from '../stream/gatherer.js'
import type { KafkaBatch, KafkaBatchPayload } from './client.js'
import { type KafkaMessage, messageOf } from './message.js'
import type { StreamSettings } from './options.js'
import { laneOf, type Partition } from './partition.js'
import type { Start } from './start-positions.js'

/** How the partitions of this member are steered. Called while the assignment is the one the feed was made for. */
export interface Steering {
  pause(partitions: readonly Partition[]): void
  resume(partitions: readonly Partition[]): void
  seek(partition: Partition, offset: bigint): void
}

export interface FeedOptions {
  readonly settings: StreamSettings
  readonly options: StreamOptions
  readonly starts: readonly Start[]
  readonly steering: Steering
  /** Where reading must go on when the messages at `offset` did not come: `offset` again, or another after a gap. */
  examine(lane: Lane, offset: bigint): Promise<bigint>
}

interface FedLane extends Partition {
  readonly lane: Lane
  /** The offset after all that was taken in. Nothing else is accepted, so nothing is skipped or taken twice. */
  next: bigint
  paused: boolean
  examining: boolean
  /** The first offset of records without messages that came out of place; when they come again, they are in place. */
  doubted: bigint | undefined
}

/** Says that a lane moved on without a message: records of transactions, or where it began. */
interface Move {
  readonly next: bigint
}

/** How long a full buffer holds the client up before the partition is paused. */
const HOLD_MS = 1_000
/** What is buffered, in batches, however small their messages. */
const BUFFERED_BATCHES = 16

/**
 * What one assignment brings: takes in what the client hands over, gives it out as batches. It is thrown away with the
 * assignment, and with it all that was fetched and not given out.
 */
export class Feed {
  readonly #given: FeedOptions
  readonly #gatherer: Gatherer<KafkaMessage | Move>
  readonly #lanes: ReadonlyMap<Lane, FedLane>
  readonly #maxItems: number
  #ended = false
  #drained: (() => void)[] = []
  /** When something last came, by `performance.now()`. */
  heardAt = performance.now()

  constructor(given: FeedOptions) {
    this.#given = given
    this.#gatherer = new Gatherer(given.options.batch)
    this.#maxItems = given.options.batch.items * BUFFERED_BATCHES
    this.#lanes = new Map(
      given.starts.map(({ topic, partition, lane, offset }) => [
        lane,
        { topic, partition, lane, next: offset, paused: false, examining: false, doubted: undefined },
      ]),
    )
    for (const { lane, offset, keep } of given.starts) if (keep) this.#gatherer.add(lane, { next: offset }, 0)
  }

  /** Points the client at where each lane begins, and lets it fetch. */
  begin(): void {
    for (const lane of this.#lanes.values()) this.#given.steering.seek(lane, lane.next)
    this.#given.steering.resume([...this.#lanes.values()])
  }

  /** Takes in what the client fetched. Resolves when it may fetch more of it; rejects as the client's heartbeat does. */
  async arrived({ batch, resolveOffset, isStale, heartbeat }: KafkaBatchPayload): Promise<void> {
    this.heardAt = performance.now()
    const lane = this.#lanes.get(laneOf(batch))
    if (this.#ended || lane === undefined || lane.examining) return
    if (!follows(batch, lane.next)) {
      const takeIt = await this.#examine(lane, batch)
      if (!takeIt || this.#ended || isStale()) return
    }
    this.#take(lane, batch)
    resolveOffset(batch.lastOffset())
    if (!this.#full) return
    await this.#room(lane)
    await heartbeat()
  }

  /** The client went over records that are not for readers: of aborted transactions, or that end them. */
  passed(partition: Partition, first: bigint | undefined, last: bigint): void {
    this.heardAt = performance.now()
    const lane = this.#lanes.get(laneOf(partition))
    if (this.#ended || lane === undefined || lane.examining || last < lane.next) return
    if (first === undefined || first <= lane.next || first === lane.doubted) {
      lane.doubted = undefined
      this.#move(lane, last + 1n)
    } else {
      lane.doubted = first
      void this.#examine(lane, undefined)
    }
  }

  /** Nothing more comes; what waits is forgotten. `next` throws the error. */
  end(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#gatherer.drop()
    this.#gatherer.end(error)
    this.#wake()
  }

  /** `undefined` once the signal aborts. */
  async next(signal: AbortSignal): Promise<Batch<Message> | undefined> {
    const gathered = await this.#gatherer.next(signal)
    if (gathered === undefined) return undefined
    if (this.#low) this.#drain()
    const { items: entries } = gathered
    const items = entries.every(isMessage) ? entries : entries.filter(isMessage)
    const last = entries.at(-1)
    if (last === undefined) return { lane: gathered.lane, position: undefined, items }
    const position = String(isMessage(last) ? last.offset + 1n : last.next)
    const unseenAt = oldest(items)
    return { lane: gathered.lane, position, items, ...(unseenAt === undefined ? {} : { unseenAt }) }
  }

  /** For when the iteration ends although the assignment stands: nothing is fetched until the next. */
  pause(): void {
    this.#given.steering.pause([...this.#lanes.values()])
  }

  #take(lane: FedLane, batch: KafkaBatch): void {
    const { typeHeader } = this.#given.settings
    for (const record of batch.messages) {
      const message = messageOf(record, lane.lane, typeHeader)
      if (message.offset < lane.next) continue
      this.#gatherer.add(lane.lane, message, message.body.byteLength)
      lane.next = message.offset + 1n
    }
    const next = BigInt(batch.lastOffset()) + 1n
    if (next > lane.next) this.#move(lane, next)
  }

  #move(lane: FedLane, next: bigint): void {
    lane.next = next
    this.#gatherer.add(lane.lane, { next }, 0)
  }

  /**
   * What came is not what was next. Answers whether it may be taken all the same: the client does not tell where its fetch
   * began, and the offsets between are not there any more (compaction, transactions).
   */
  async #examine(lane: FedLane, batch: KafkaBatch | undefined): Promise<boolean> {
    const { steering, examine } = this.#given
    lane.examining = true
    try {
      const next = await examine(lane.lane, lane.next)
      if (this.#ended) return false
      if (batch !== undefined && batch.fetchedOffset === undefined && next === lane.next) return true
      lane.next = next
      steering.seek(lane, next)
    } catch (error) {
      this.end(error)
    } finally {
      lane.examining = false
    }
    return false
  }

  get #full(): boolean {
    const { waitingBytes, waitingItems } = this.#gatherer
    return waitingBytes >= this.#given.settings.bufferBytes || waitingItems >= this.#maxItems
  }

  get #low(): boolean {
    const { waitingBytes, waitingItems } = this.#gatherer
    return waitingBytes <= this.#given.settings.bufferBytes / 2 && waitingItems <= this.#maxItems / 2
  }

  /** Waits for the buffer to drain; after a while pauses the partition instead, so that the group does not wait for us. */
  async #room(lane: FedLane): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(HOLD_MS, this.#given.settings.heartbeatMs / 2))
      this.#drained.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
    if (!this.#full || this.#ended) return
    lane.paused = true
    this.#given.steering.pause([lane])
  }

  #drain(): void {
    const paused = [...this.#lanes.values()].filter((lane) => lane.paused)
    for (const lane of paused) lane.paused = false
    if (paused.length > 0 && !this.#ended) this.#given.steering.resume(paused)
    this.#wake()
  }

  #wake(): void {
    const drained = this.#drained
    this.#drained = []
    for (const wake of drained) wake()
  }
}

/** Whether the fetch began where the last one ended. A client that does not say so is asked for its first message. */
function follows({ fetchedOffset, messages }: KafkaBatch, next: bigint): boolean {
  const began = fetchedOffset ?? messages[0]?.offset
  return began === undefined || BigInt(began) === next
}

function isMessage(entry: KafkaMessage | Move): entry is KafkaMessage {
  return 'offset' in entry
}

/** Clocks of producers may be ahead: never in the future. */
function oldest(messages: readonly KafkaMessage[]): number | undefined {
  let least = Number.POSITIVE_INFINITY
  for (const { publishedAt } of messages) if (publishedAt !== undefined && publishedAt < least) least = publishedAt
  return least === Number.POSITIVE_INFINITY ? undefined : Math.min(least, Date.now())
}
