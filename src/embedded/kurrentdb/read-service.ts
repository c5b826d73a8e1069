import type { ServerWritableStream } from '@grpc/grpc-js'
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'
import type { ReadReq } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js'
import type { EventLog } from './event-log.js'
import { streamDeleted } from './failure.js'
import { type Filter, filterOf } from './filter.js'
import type { LogRecord } from './log-record.js'

type Call = ServerWritableStream<ReadReq, Buffer>
type Options = NonNullable<ReturnType<ReadReq['getOptions']>>

interface Request {
  readonly options: Options
  /** `undefined`: $all. */
  readonly stream: string | undefined
}

/** The server's page when a filter names no search window. */
const WINDOW = 32

/** `Streams.Read`: a read of some events, or a subscription that goes on until the client ends it. */
export async function read(log: EventLog, call: Call): Promise<void> {
  const options = call.request.getOptions()
  if (options === undefined) return
  const name = options.getStream()?.getStreamIdentifier()?.getStreamName_asU8()
  const stream = name === undefined ? undefined : Buffer.from(name).toString()
  if (stream !== undefined && log.isTombstoned(stream)) throw streamDeleted(stream)
  if (options.getSubscription() !== undefined) await subscribe(log, call, { options, stream })
  else await readSome(log, call, { options, stream })
}

async function readSome(log: EventLog, call: Call, { options, stream }: Request): Promise<void> {
  const records = recordsOf(log, stream)
  if (records === undefined) {
    const missing = new streams.ReadResp.StreamNotFound()
    const identifier = new shared.StreamIdentifier()
    identifier.setStreamName(Buffer.from(stream ?? ''))
    missing.setStreamIdentifier(identifier)
    const response = new streams.ReadResp()
    response.setStreamNotFound(missing)
    call.write(bytesOf(response))
    return
  }
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
  const passes = filterOf(options.getFilter())
  let left = Number(options.getCount())
  let at = backwards ? lastBefore(records, options) : firstFrom(records, options)
  for (; left > 0; at += backwards ? -1 : 1) {
    const record = records[at]
    if (record === undefined || call.cancelled) return
    if (!passes(record)) continue
    left--
    await send(call, log.response(log.resolve(record, options.getResolveLinks())))
  }
}

async function subscribe(log: EventLog, call: Call, request: Request): Promise<void> {
  const confirmation = new streams.ReadResp.SubscriptionConfirmation()
  confirmation.setSubscriptionId(crypto.randomUUID())
  const confirmed = new streams.ReadResp()
  confirmed.setConfirmation(confirmation)
  call.write(bytesOf(confirmed))
  const ended = new AbortController()
  call.once('cancelled', () => ended.abort()).once('close', () => ended.abort())
  const subscription = new Subscription(log, call, request)
  while (!ended.signal.aborted) {
    await subscription.catchUp(ended.signal)
    await changed(log, ended.signal)
  }
}

class Subscription {
  readonly #log: EventLog
  readonly #call: Call
  readonly #stream: string | undefined
  readonly #filter: Filter
  readonly #links: boolean
  /** Records that are looked at for each checkpoint; without a filter there are none. */
  readonly #interval: number
  /** The last record that was looked at, or the place after which the client wants to read. */
  #after: bigint
  #looked = 0

  constructor(log: EventLog, call: Call, { options, stream }: Request) {
    this.#log = log
    this.#call = call
    this.#stream = stream
    const filter = options.getFilter()
    this.#filter = filterOf(filter)
    this.#links = options.getResolveLinks()
    this.#interval =
      filter === undefined
        ? Number.POSITIVE_INFINITY
        : (filter.getMax() || WINDOW) * Math.max(1, filter.getCheckpointintervalmultiplier())
    this.#after = startOf(options, recordsOf(log, stream) ?? [])
  }

  /** Sends all there is, then says so. */
  async catchUp(signal: AbortSignal): Promise<void> {
    const stream = this.#stream
    if (stream !== undefined && this.#log.isTombstoned(stream)) throw streamDeleted(stream)
    let sent = false
    for (;;) {
      const records = recordsOf(this.#log, stream) ?? []
      // Looked up again after each wait, as a stream may have been deleted meanwhile.
      let at = lowest(records, (record) => placeOf(record, stream) > this.#after)
      if (at >= records.length) break
      for (let record = records[at]; record !== undefined; record = records[++at]) {
        if (signal.aborted) return
        this.#after = placeOf(record, stream)
        sent = true
        if (!this.#look(record)) {
          await drained(this.#call, signal)
          break
        }
      }
    }
    if (sent || this.#looked === 0) this.#caughtUp()
  }

  /** Answers whether the call takes more. */
  #look(record: LogRecord): boolean {
    let takes = true
    if (this.#filter(record)) takes = this.#call.write(this.#log.response(this.#log.resolve(record, this.#links)))
    if (++this.#looked % this.#interval === 0) takes = this.#checkpoint(record.position)
    return takes
  }

  #checkpoint(position: bigint): boolean {
    const checkpoint = new streams.ReadResp.Checkpoint()
    checkpoint.setCommitPosition(String(position))
    checkpoint.setPreparePosition(String(position))
    const response = new streams.ReadResp()
    response.setCheckpoint(checkpoint)
    return this.#call.write(bytesOf(response))
  }

  #caughtUp(): void {
    const caughtUp = new streams.ReadResp.CaughtUp()
    caughtUp.setTimestamp(timestamps.Timestamp.fromDate(new Date()))
    const response = new streams.ReadResp()
    response.setCaughtUp(caughtUp)
    this.#call.write(bytesOf(response))
  }
}

function recordsOf(log: EventLog, stream: string | undefined): readonly LogRecord[] | undefined {
  return stream === undefined ? log.all : log.stream(stream)
}

function placeOf(record: LogRecord, stream: string | undefined): bigint {
  return stream === undefined ? record.position : BigInt(record.revision)
}

function startOf(options: Options, records: readonly LogRecord[]): bigint {
  const all = options.getAll()
  const stream = options.getStream()
  if (all?.hasPosition()) return BigInt(all.getPosition()?.getCommitPosition() ?? 0)
  if (stream?.hasRevision()) return BigInt(stream.getRevision())
  const last = records.at(-1)
  const end = all?.hasEnd() || stream?.hasEnd()
  if (!end || last === undefined) return -1n
  return stream === undefined ? last.position : BigInt(last.revision)
}

function firstFrom(records: readonly LogRecord[], options: Options): number {
  const all = options.getAll()
  const stream = options.getStream()
  if (all?.hasPosition()) {
    const from = BigInt(all.getPosition()?.getCommitPosition() ?? 0)
    return lowest(records, (record) => record.position >= from)
  }
  if (stream?.hasRevision()) {
    const from = Number(stream.getRevision())
    return lowest(records, (record) => record.revision >= from)
  }
  return all?.hasEnd() || stream?.hasEnd() ? records.length : 0
}

function lastBefore(records: readonly LogRecord[], options: Options): number {
  const first = firstFrom(records, options)
  return options.getAll()?.hasEnd() || options.getStream()?.hasEnd() ? records.length - 1 : first
}

/** Positions and revisions only grow, so this is a search by halves. */
function lowest(records: readonly LogRecord[], reached: (record: LogRecord) => boolean): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const record = records[middle]
    if (record !== undefined && !reached(record)) low = middle + 1
    else high = middle
  }
  return low
}

async function send(call: Call, bytes: Buffer): Promise<void> {
  if (!call.write(bytes) && !call.cancelled) await drained(call)
}

/** Resolves when the call takes more, or is over. */
async function drained(call: Call, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      call.off('drain', done).off('close', done)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    call.once('drain', done).once('close', done)
    signal?.addEventListener('abort', done, { once: true })
    if (signal?.aborted) done()
  })
}

async function changed(log: EventLog, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      off()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const off = log.onChange(done)
    signal.addEventListener('abort', done, { once: true })
  })
}

function bytesOf(response: InstanceType<typeof streams.ReadResp>): Buffer {
  return Buffer.from(response.serializeBinary())
}
