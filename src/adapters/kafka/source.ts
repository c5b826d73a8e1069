import type { Batch, Checkpoints, Lane } from '../../core/batch.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { StreamOptions } from '../../core/stream.js'
import { Broker, type Watermarks } from './broker.js'
import { within } from './deadline.js'
import { Feed } from './feed.js'
import { GroupCommits } from './group-commits.js'
import { type Assignment, GroupMember } from './group-member.js'
import type { StreamSettings } from './options.js'
import { laneOf, type Partition } from './partition.js'
import { afterGap, isGap, type Start, startPositions } from './start-positions.js'

/** Nothing heard for so long: ask whether the brokers are there. */
const SILENT_MS = 10_000
const PROBE_EVERY_MS = 2_500
/** Between looks at whether all is acknowledged. */
const LOOK_EVERY_MS = 100
/** Before an end that went back is believed: a new leader may not know yet how far it is. */
const LOOK_TWICE_MS = 1_000

/** How far one of this member's partitions is acknowledged. */
interface Progress extends Partition {
  next: bigint
}

/** See `kafka()`. */
export class KafkaSource implements Source<Message> {
  readonly #settings: StreamSettings
  readonly #options: StreamOptions
  readonly #broker: Broker
  readonly #closing = new AbortController()
  #member: { readonly member: GroupMember; readonly commits: GroupCommits } | undefined
  #progress: ReadonlyMap<Lane, Progress> = new Map()

  constructor(settings: StreamSettings, options: StreamOptions) {
    this.#settings = settings
    this.#options = options
    this.#broker = new Broker(settings)
  }

  async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    const reading = await this.#begin(from, signal)
    if (reading === undefined) return
    const { feed, member } = reading
    const watch = this.#watch(feed)
    try {
      for (;;) {
        const batch = await feed.next(signal)
        if (batch === undefined) return
        yield batch
      }
    } finally {
      clearInterval(watch)
      member.detach(feed)
    }
  }

  async acknowledge({ lane, position }: Batch<Message>): Promise<void> {
    const progress = this.#progress.get(lane)
    if (progress === undefined || position === undefined) return
    progress.next = BigInt(position)
    this.#member?.commits.note(lane, progress, progress.next)
  }

  /** Partitions of other members count by what their group has committed. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    const left = new Map(await this.#broker.watermarks(signal))
    for (;;) {
      const own = this.#progress
      for (const [lane, { high }] of left) if ((own.get(lane)?.next ?? -1n) >= high) left.delete(lane)
      const others = [...left].filter(([lane]) => !own.has(lane))
      if (own.size > 0 && others.length > 0) {
        const committed = await this.#broker.committed(signal)
        for (const [lane, { low, high }] of others) {
          if (low === high || (committed.get(lane) ?? -1n) >= high) left.delete(lane)
        }
      }
      if (left.size === 0) return
      await pause(LOOK_EVERY_MS, signal)
      signal.throwIfAborted()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    const leaving = this.#member
    this.#member = undefined
    if (leaving !== undefined) {
      const last = { ms: this.#settings.requestMs, what: 'the last commit of the group' }
      await within(last, () => leaving.commits.settled()).catch(() => undefined)
      await leaving.member[Symbol.asyncDispose]()
    }
    await this.#broker[Symbol.asyncDispose]()
  }

  /** `undefined` once the signal aborts. */
  async #begin(from: Checkpoints, signal: AbortSignal): Promise<{ feed: Feed; member: GroupMember } | undefined> {
    try {
      signal.throwIfAborted()
      const { member, commits } = await this.#joined(signal)
      const assignment = await member.assignment(signal)
      if (assignment === undefined) return undefined
      const starts = await this.#starts(assignment, from, signal)
      const feed = new Feed({
        settings: this.#settings,
        options: this.#options,
        starts,
        steering: member.steering,
        examine: (lane, offset) => this.#examine(lane, offset),
      })
      member.attach(feed, assignment)
      this.#progress = new Map(starts.map((start) => [start.lane, { ...start, next: start.offset }]))
      for (const start of starts) commits.note(start.lane, start, start.offset)
      return { feed, member }
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  async #joined(signal: AbortSignal) {
    if (this.#member !== undefined && !this.#member.member.dead) return this.#member
    await this.#broker.requireTopics(signal)
    const member = new GroupMember(this.#settings, this.#options.batch.items)
    this.#member = { member, commits: new GroupCommits(member) }
    return this.#member
  }

  async #starts({ partitions }: Assignment, saved: Checkpoints, signal: AbortSignal): Promise<readonly Start[]> {
    if (partitions.length === 0) return []
    const broker = this.#broker
    let marks = await broker.watermarks(signal)
    if (partitions.some((partition) => wentBack(saved.get(laneOf(partition)), marks.get(laneOf(partition))))) {
      await pause(LOOK_TWICE_MS, signal)
      marks = await broker.watermarks(signal)
    }
    const { fromBeginning } = this.#settings
    const missing = !fromBeginning && partitions.some((partition) => !saved.has(laneOf(partition)))
    const committed = missing ? await broker.committed(signal) : new Map<Lane, bigint>()
    const rules = { ...this.#settings, notice: this.#options.notice }
    return startPositions(partitions, { saved, marks, committed }, rules)
  }

  /** Messages that were not read yet may be gone, or the client went astray; a new leader is asked twice. */
  async #examine(lane: Lane, offset: bigint): Promise<bigint> {
    const { signal } = this.#closing
    const topics = [lane.slice(0, lane.lastIndexOf('/'))]
    let marks = (await this.#broker.watermarks(signal, topics)).get(lane)
    if (marks !== undefined && isGap(offset, marks)) {
      await pause(LOOK_TWICE_MS, signal)
      marks = (await this.#broker.watermarks(signal, topics)).get(lane)
    }
    return afterGap({ lane, offset, marks }, { ...this.#settings, notice: this.#options.notice })
  }

  /** A client that cannot reach its brokers may be silent about it for minutes. */
  #watch(feed: Feed): NodeJS.Timeout {
    let asking = false
    return setInterval(() => {
      if (asking || performance.now() - feed.heardAt < SILENT_MS) return
      asking = true
      const limit = { ms: SILENT_MS, what: 'the broker', signal: this.#closing.signal }
      within(limit, () => this.#broker.watermarks(this.#closing.signal))
        .then(
          () => {
            feed.heardAt = performance.now()
          },
          (error: unknown) => feed.end(error),
        )
        .finally(() => {
          asking = false
        })
    }, PROBE_EVERY_MS)
  }
}

function wentBack(saved: string | undefined, marks: Watermarks | undefined): boolean {
  return saved !== undefined && marks !== undefined && /^\d+$/.test(saved) && BigInt(saved) > marks.high
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
