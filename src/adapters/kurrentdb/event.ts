import type { Message } from '../../core/message.js'
import type { Place } from './place.js'
import { WireReader } from './wire.js'

/** What the server sends on a read, a subscription or a persistent subscription. */
export type Received =
  | {
      readonly kind: 'event'
      /** Left out by a link whose event is gone. */
      readonly message: Message | undefined
      /** Of the event, or of the link that led to it. */
      readonly all: Place
      readonly revision: Place
      /** By which a persistent subscription is told that it is done. */
      readonly ackId: string
    }
  | { readonly kind: 'confirmation' }
  /** Nothing up to here passed the filter, or all that did was sent. */
  | { readonly kind: 'checkpoint'; readonly all: Place }
  | { readonly kind: 'caught-up' }
  | { readonly kind: 'no-stream' }
  | { readonly kind: 'other' }

/** Reads `ReadResp` of the services `Streams` and `PersistentSubscriptions`, which number their fields alike. */
export function decodeResponse(bytes: Buffer): Received {
  const reader = new WireReader(bytes)
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) return decodeEvent(reader.message())
    if (field === 2) return { kind: 'confirmation' }
    if (field === 3) return { kind: 'checkpoint', all: decodePosition(reader.message()) }
    if (field === 4) return { kind: 'no-stream' }
    if (field === 8) return decodeCaughtUp(reader.message())
    reader.skip()
  }
  return { kind: 'other' }
}

interface Recorded {
  readonly message: Message
  readonly all: Place
}

function decodeEvent(reader: WireReader): Received {
  let event: Recorded | undefined
  let link: Recorded | undefined
  let retries = 0
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) event = decodeRecord(reader.message())
    else if (field === 2) link = decodeRecord(reader.message())
    else if (field === 5) retries = reader.number()
    else reader.skip()
  }
  const place = link ?? event
  if (place === undefined) return { kind: 'other' }
  const message = event?.message
  return {
    kind: 'event',
    message: message === undefined || retries === 0 ? message : withRetries(message, retries),
    all: place.all,
    revision: { major: place.message.revision ?? 0n, minor: 0n },
    ackId: place.message.id,
  }
}

function decodeRecord(reader: WireReader): Recorded {
  let id = ''
  let stream = ''
  let revision = 0n
  let commit = 0n
  let prepare = 0n
  let type: string | undefined
  let publishedAt: number | undefined
  let metadata: Buffer | undefined
  let body: Uint8Array = EMPTY
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) id = decodeUuid(reader.message())
    else if (field === 2) stream = decodeName(reader.message())
    else if (field === 3) revision = reader.uint64()
    else if (field === 4) prepare = reader.uint64()
    else if (field === 5) commit = reader.uint64()
    else if (field === 6) {
      const [key, value] = decodeEntry(reader.message())
      if (key === 'type') type = value
      else if (key === 'created') publishedAt = millisecondsOf(value)
    } else if (field === 7) metadata = reader.bytes()
    else if (field === 8) body = reader.bytes()
    else reader.skip()
  }
  if (metadata?.length === 0) metadata = undefined
  const headers = metadata === undefined ? NO_HEADERS : headersOf(metadata)
  const message = { id, body, key: stream, type, headers, metadata, stream, revision, publishedAt }
  return { message, all: { major: commit, minor: prepare } }
}

const EMPTY = new Uint8Array()

/** Requests ask for UUIDs as text. */
function decodeUuid(reader: WireReader): string {
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 2) return reader.text()
    reader.skip()
  }
  throw new Error('an event without an id')
}

function decodeName(reader: WireReader): string {
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 3) return reader.text()
    reader.skip()
  }
  return ''
}

function decodeEntry(reader: WireReader): readonly [key: string, value: string] {
  let key = ''
  let value = ''
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) key = reader.text()
    else if (field === 2) value = reader.text()
    else reader.skip()
  }
  return [key, value]
}

function decodePosition(reader: WireReader): Place {
  let commit = 0n
  let prepare = 0n
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) commit = reader.uint64()
    else if (field === 2) prepare = reader.uint64()
    else reader.skip()
  }
  return { major: commit, minor: prepare }
}

/** Newer servers say where they caught up, which is as good as a checkpoint. */
function decodeCaughtUp(reader: WireReader): Received {
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 3) return { kind: 'checkpoint', all: decodePosition(reader.message()) }
    reader.skip()
  }
  return { kind: 'caught-up' }
}

/** From ticks of 100 ns since 1970. */
function millisecondsOf(ticks: string): number | undefined {
  const ms = Math.trunc(Number(ticks) / 10_000)
  return Number.isFinite(ms) ? ms : undefined
}

type Headers = Record<string, string>

const NO_HEADERS: Headers = Object.freeze<Headers>(Object.create(null))

/** What of the metadata is text, when it is a JSON object. */
function headersOf(metadata: Buffer): Headers {
  if (metadata[0] !== 0x7b) return NO_HEADERS
  let parsed: unknown
  try {
    parsed = JSON.parse(metadata.toString('utf8'))
  } catch {
    return NO_HEADERS
  }
  if (typeof parsed !== 'object' || parsed === null) return NO_HEADERS
  const headers: Headers = Object.create(null)
  for (const [name, value] of Object.entries(parsed)) if (typeof value === 'string') headers[name] = value
  return headers
}

/** How often a persistent subscription has given it out before. Names with `$` are the server's own. */
function withRetries(message: Message, retries: number): Message {
  const headers: Headers = Object.assign(Object.create(null), message.headers)
  headers['$retryCount'] = String(retries)
  return { ...message, headers }
}
