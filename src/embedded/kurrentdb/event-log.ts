import { encodeRecord, encodeResponse } from './encode.js'
import type { LogRecord, Proposed } from './log-record.js'

export type Expected = 'any' | 'no-stream' | 'stream-exists' | bigint

export type Appended =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: bigint }
  | { readonly kind: 'wrong-version'; readonly current: number | undefined }
  | { readonly kind: 'deleted' }

/** An event as it is given out: with the link that led to it, when links are resolved. */
export interface Resolved {
  readonly record: LogRecord
  readonly event: LogRecord | undefined
  readonly link: LogRecord | undefined
}

interface StreamRecords {
  records: LogRecord[]
  next: number
  tombstoned: boolean
}

/** All events in memory, in the order in which they were written, and by stream. */
export class EventLog {
  readonly #all: LogRecord[] = []
  readonly #streams = new Map<string, StreamRecords>()
  readonly #listeners = new Set<() => void>()
  readonly #encoded = new WeakMap<LogRecord, Buffer>()
  readonly #responses = new WeakMap<LogRecord, Buffer>()
  #position = 0n

  get all(): readonly LogRecord[] {
    return this.#all
  }

  /** `undefined` for a stream that was never written to. */
  stream(name: string): readonly LogRecord[] | undefined {
    return this.#streams.get(name)?.records
  }

  isTombstoned(name: string): boolean {
    return this.#streams.get(name)?.tombstoned ?? false
  }

  append(name: string, expected: Expected, events: readonly Proposed[]): Appended {
    const stream = this.#streams.get(name) ?? { records: [], next: 0, tombstoned: false }
    if (stream.tombstoned) return { kind: 'deleted' }
    const current = stream.next === 0 ? undefined : stream.next - 1
    if (!isExpected(expected, current)) return { kind: 'wrong-version', current }
    this.#streams.set(name, stream)
    const created = `${Date.now()}0000`
    for (const event of events) {
      this.#position += BigInt(100 + event.data.length + event.metadata.length)
      const record = { ...event, stream: name, revision: stream.next, position: this.#position, created }
      stream.next++
      stream.records.push(record)
      this.#all.push(record)
    }
    for (const listener of this.#listeners) listener()
    return { kind: 'appended', revision: stream.next - 1, position: this.#position }
  }

  /** The stream's events are gone; it can be written to again unless it becomes a tombstone. */
  remove(name: string, tombstone: boolean): void {
    const stream = this.#streams.get(name) ?? { records: [], next: 0, tombstoned: false }
    const gone = new Set(stream.records)
    this.#all.splice(0, this.#all.length, ...this.#all.filter((record) => !gone.has(record)))
    this.#streams.set(name, { ...stream, records: [], tombstoned: tombstone })
    for (const listener of this.#listeners) listener()
  }

  /** Called after each change until the function that is returned is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A link event (`$>`) holds `revision@stream`. */
  resolve(record: LogRecord, links: boolean): Resolved {
    if (!links || record.type !== '$>') return { record, event: record, link: undefined }
    const [, revision, stream = ''] = /^(\d+)@(.*)$/s.exec(Buffer.from(record.data).toString()) ?? []
    const event = this.stream(stream)?.find((candidate) => candidate.revision === Number(revision))
    return { record, event, link: record }
  }

  /** `ReadResp`, as both services send it. What was sent as it is will be so again, so it is kept. */
  response({ record, event, link }: Resolved, retries = 0): Buffer {
    const plain = link === undefined && retries === 0
    const known = plain ? this.#responses.get(record) : undefined
    if (known !== undefined) return known
    const encode = (one: LogRecord | undefined) => (one === undefined ? undefined : this.#encode(one))
    const bytes = encodeResponse({ event: encode(event), link: encode(link), position: record.position, retries })
    if (plain) this.#responses.set(record, bytes)
    return bytes
  }

  #encode(record: LogRecord): Buffer {
    const known = this.#encoded.get(record)
    if (known !== undefined) return known
    const bytes = encodeRecord(record)
    this.#encoded.set(record, bytes)
    return bytes
  }
}

function isExpected(expected: Expected, current: number | undefined): boolean {
  if (expected === 'any') return true
  if (expected === 'no-stream') return current === undefined
  if (expected === 'stream-exists') return current !== undefined
  return current !== undefined && BigInt(current) === expected
}
