import type { Readable } from 'node:stream'
import type { KurrentDBClient } from '@kurrent/kurrentdb-client'
import type { Address } from './address.js'
import { translate } from './errors.js'
import { decodeResponse, type Received } from './event.js'
import { type Library, loadLibrary } from './library.js'
import { type GroupRead, groupRequest, type Read, readRequest } from './requests.js'
import { within } from './within.js'

/** What the server sends, decoded; it ends with `error` or `end`. */
export interface Incoming extends Readable {
  cancel(): void
}

/** The same of a persistent subscription, which is told what is done. */
export interface Exchange extends Incoming {
  write(request: InstanceType<Library['groups']['ReadReq']>): boolean
  end(): void
}

export interface ConnectionSettings {
  /** Of the server, for messages. */
  readonly label: string
  /** Either is given. */
  readonly address: Address | undefined
  readonly client: KurrentDBClient | undefined
  readonly connectMs: number
}

const CLOSE_MS = 2_000

interface Opened {
  readonly library: Library
  readonly client: KurrentDBClient
}

/** A client that is made on first use, and the calls it does not offer. All errors are translated. */
export class Connection implements AsyncDisposable {
  readonly label: string
  readonly #settings: ConnectionSettings
  #opened: Promise<Opened> | undefined

  constructor(settings: ConnectionSettings) {
    this.#settings = settings
    this.label = settings.label
  }

  async open(): Promise<Opened> {
    this.#opened ??= this.#open()
    return this.#opened
  }

  /** Resolves when the call has been made; the server's answers, and its refusal, come on the stream. */
  async subscribe(read: Read, signal: AbortSignal): Promise<Incoming> {
    const { library, client } = await this.open()
    return this.#start(`subscribing to ${read.stream}`, startRead.call(client, library, read), signal)
  }

  async join(read: GroupRead, signal: AbortSignal): Promise<Exchange> {
    const { library, client } = await this.open()
    return this.#start(`joining group ${read.group} of ${read.stream}`, startGroup.call(client, library, read), signal)
  }

  /** All that a finite read brings. */
  async read(read: Read, signal: AbortSignal): Promise<readonly Received[]> {
    const { library, client } = await this.open()
    const what = `reading ${read.stream}`
    const incoming = await this.#start(what, startRead.call(client, library, read), signal)
    return this.#call(what, collect(incoming), signal).finally(() => incoming.cancel())
  }

  /** For what the client offers itself. */
  async ask<Answer>(what: string, ask: (opened: Opened) => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    return this.#call(what, ask(await this.open()), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined)
    if (opened === undefined || this.#settings.client !== undefined) return
    // A channel that is still being made (gossip) is not waited for.
    const closing = closeChannel.call(opened.client)
    await within({ what: 'closing', label: this.label, ms: CLOSE_MS }, closing).catch(() => undefined)
  }

  async #open(): Promise<Opened> {
    const library = await loadLibrary()
    const { client, address } = this.#settings
    if (client !== undefined) return { library, client }
    try {
      return { library, client: library.KurrentDBClient.connectionString(address?.connectionString() ?? '') }
    } catch (error) {
      throw translate(error, { what: 'making the client', label: this.label })
    }
  }

  async #start<Stream extends Incoming>(what: string, starting: Promise<Stream>, signal: AbortSignal): Promise<Stream> {
    try {
      return await this.#call(what, starting, signal)
    } catch (error) {
      // It may still begin, with nobody to end it.
      starting.then((stream) => stream.cancel()).catch(() => undefined)
      throw error
    }
  }

  async #call<Result>(what: string, work: Promise<Result>, signal: AbortSignal): Promise<Result> {
    const { label } = this
    try {
      return await within({ what, label, ms: this.#settings.connectMs, signal }, work)
    } catch (error) {
      if (signal.aborted) throw error
      throw translate(error, { what, label })
    }
  }
}

/** The client's own way to make a call: with its channel, credentials, and a new connection after a failure. */
function startRead(
  this: KurrentDBClient,
  { streamsService: { StreamsClient, StreamsService }, ...library }: Library,
  read: Read,
): Promise<Incoming> {
  const { path, requestSerialize } = StreamsService.read
  const request = readRequest(library, read)
  return this.GRPCStreamCreator(StreamsClient, 'lockstep', (client) => {
    // A subscription lasts for ever; the client's deadline is for what ends by itself.
    const options = read.count === 'subscribe' ? { deadline: Number.POSITIVE_INFINITY } : {}
    const [metadata, call] = this.callArguments({}, options)
    return quiet(client.makeServerStreamRequest(path, requestSerialize, decodeResponse, request, metadata, call))
  })()
}

function startGroup(
  this: KurrentDBClient,
  { groupsService: { PersistentSubscriptionsClient, PersistentSubscriptionsService }, ...library }: Library,
  read: GroupRead,
): Promise<Exchange> {
  const { path, requestSerialize } = PersistentSubscriptionsService.read
  const request = groupRequest(library, read)
  return this.GRPCStreamCreator(PersistentSubscriptionsClient, 'lockstep', (client) => {
    const [metadata, call] = this.callArguments({}, { deadline: Number.POSITIVE_INFINITY })
    const stream = client.makeBidiStreamRequest(path, requestSerialize, decodeResponse, metadata, call)
    stream.write(request)
    return quiet(stream)
  })()
}

async function closeChannel(this: KurrentDBClient): Promise<void> {
  await this.dispose()
  const channel = await this.getChannel().catch(() => undefined)
  channel?.close()
}

/** An error may come before, or after, somebody listens. */
function quiet<Stream extends Readable>(stream: Stream): Stream {
  return stream.on('error', () => undefined)
}

/** By events: an iteration over a stream of gRPC tells of its early end, not of the error that was the reason. */
function collect(incoming: Incoming): Promise<readonly Received[]> {
  const all: Received[] = []
  return new Promise((resolve, reject) => {
    incoming.on('error', reject).on('end', () => resolve(all))
    incoming.on('data', (received: Received) => all.push(received))
  })
}
