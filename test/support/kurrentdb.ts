import { randomUUID } from 'node:crypto'
import { credentials } from '@grpc/grpc-js'
import { binaryEvent, KurrentDBClient } from '@kurrent/kurrentdb-client'
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'
import service from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js'
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import { type KurrentdbOptions, kurrentdb } from 'lockstep/kurrentdb'
import type { Batch, Checkpoints } from '../../src/core/batch.js'
import type { Message } from '../../src/core/message.js'
import type { Source } from '../../src/core/source.js'
import { BATCH_LIMITS, type StreamOptions } from '../../src/core/stream.js'
import { EmbeddedKurrentdb } from '../../src/embedded/kurrentdb/embedded-kurrentdb.js'
import type { SourceHarness } from '../contracts/source.js'

/** What `ingest` would give a source. */
export function streamOptions(options: Partial<StreamOptions> = {}): StreamOptions {
  return { flow: 'test', batch: { ...BATCH_LIMITS, items: 100 }, lanes: 4, notice: () => undefined, ...options }
}

/** The real client, by itself: the oracle of these tests, which shares no code with the adapter. */
export class BareClient implements AsyncDisposable {
  readonly client: KurrentDBClient

  constructor(url: string) {
    this.client = KurrentDBClient.connectionString(url)
  }

  /** Events whose body is their number; answers their ids. */
  async append(stream: string, count: number, type = 'counted'): Promise<readonly string[]> {
    const ids = Array.from({ length: count }, () => randomUUID())
    const events = ids.map((id, at) => binaryEvent({ id, type, data: Buffer.from(JSON.stringify({ at })) }))
    await this.client.appendToStream(stream, events)
    return ids
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.dispose()
  }
}

/** A harness for `test/contracts/source.ts`, with a server of its own. */
export async function harness(
  options: Omit<KurrentdbOptions, 'url'>,
  streams: readonly string[],
): Promise<SourceHarness<Message>> {
  const server = await EmbeddedKurrentdb.start()
  const bare = new BareClient(server.url)
  const opened: Source<Message>[] = []
  const open = () => {
    const source = kurrentdb({ url: server.url, ...options }).source(streamOptions())
    opened.push(source)
    return source
  }
  return {
    source: open(),
    identify: ({ id }) => id,
    requests: () => server.requests,
    async produce(count) {
      const share = Math.ceil(count / streams.length)
      const ids: string[] = []
      for (const [at, stream] of streams.entries()) {
        const some = Math.min(share, count - at * share)
        if (some > 0) ids.push(...(await bare.append(stream, some)))
      }
      return ids
    },
    async reopen() {
      // The program has ended before it is started again.
      await opened.at(-1)?.[Symbol.asyncDispose]()
      return open()
    },
    async away(gone) {
      if (gone) await server.kill()
      else await server.restart()
    },
    async [Symbol.asyncDispose]() {
      for (const source of opened) await source[Symbol.asyncDispose]()
      await bare[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

export interface Reading {
  readonly messages: readonly Message[]
  readonly batches: readonly Batch<Message>[]
  /** After all that was read. */
  readonly checkpoints: Checkpoints
}

/** Reads until `enough`, acknowledging each batch at once. */
export async function readUntil(
  source: Source<Message>,
  enough: (messages: readonly Message[], batch: Batch<Message>) => boolean,
  from: Checkpoints = new Map(),
): Promise<Reading> {
  const stop = new AbortController()
  const messages: Message[] = []
  const batches: Batch<Message>[] = []
  const checkpoints = new Map(from)
  for await (const batch of source.read(from, stop.signal)) {
    batches.push(batch)
    messages.push(...batch.items)
    if (batch.position !== undefined) checkpoints.set(batch.lane, batch.position)
    await source.acknowledge(batch)
    if (enough(messages, batch)) break
  }
  stop.abort()
  return { messages, batches, checkpoints }
}

export interface RawEvent {
  readonly type: string
  readonly contentType: string
  readonly data: Buffer
  readonly metadata?: Buffer
}

/** Appends bytes as they are: the client itself writes nothing that only claims to be JSON. Answers the ids. */
export async function appendRaw(url: string, stream: string, events: readonly RawEvent[]): Promise<readonly string[]> {
  const ids = events.map(() => randomUUID())
  const client = new service.StreamsClient(new URL(url).host, credentials.createInsecure())
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream))
  const options = new streams.AppendReq.Options()
  options.setStreamIdentifier(identifier)
  options.setAny(new shared.Empty())
  const header = new streams.AppendReq()
  header.setOptions(options)
  await new Promise<void>((resolve, reject) => {
    const call = client.append((error) => (error === null ? resolve() : reject(error)))
    call.write(header)
    for (const [at, event] of events.entries()) call.write(appendRequest(event, ids[at] ?? ''))
    call.end()
  })
  client.close()
  return ids
}

function appendRequest({ type, contentType, data, metadata }: RawEvent, id: string) {
  const uuid = new shared.UUID()
  uuid.setString(id)
  const message = new streams.AppendReq.ProposedMessage()
  message.setId(uuid)
  message.getMetadataMap().set('type', type).set('content-type', contentType)
  message.setData(data)
  if (metadata !== undefined) message.setCustomMetadata(metadata)
  const request = new streams.AppendReq()
  request.setProposedMessage(message)
  return request
}
