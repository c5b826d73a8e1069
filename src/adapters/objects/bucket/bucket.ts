import type { Failed } from '../object-errors.js'

/**
 * How an object is made that must be new: by a write that fails when it is there, by a claim beside it, or by what a probe
 * says of the store.
 */
export type Exclusive = 'condition' | 'claim' | 'probe'

/** An object that is to be made. */
export interface NewObject {
  /** Whole, with the prefix of the store. */
  readonly key: string
  readonly contentType: string
  readonly contentEncoding: 'gzip' | 'zstd' | undefined
  /** Only when no object has the key; else a `ConflictError` `object-exists`. */
  readonly exclusive: boolean
  /** Kept with the object, so that its maker knows it again when an answer was lost. */
  readonly mark: string
}

export interface BucketObject {
  readonly key: string
  readonly bytes: number
  readonly modifiedAt: number
}

export interface BucketPage {
  readonly objects: readonly BucketObject[]
  /** Where the next page begins; `undefined` after the last. */
  readonly next: string | undefined
}

/** A large object on its way, in parts. */
export interface Upload {
  /** @param part from 1. All parts but the last have `Bucket.partBytes`. May be called again for a part that failed. */
  part(part: Part, signal: AbortSignal): Promise<void>
  /** Makes the object of `parts` parts. */
  complete(parts: number, signal: AbortSignal): Promise<void>
  cancel(signal: AbortSignal): Promise<void>
}

export interface Part {
  readonly number: number
  readonly bytes: Uint8Array
  readonly last: boolean
}

/** An upload that somebody, perhaps a process that is dead, has begun and not ended. */
export interface UnfinishedUpload {
  readonly key: string
  readonly startedAt: number
  cancel(signal: AbortSignal): Promise<void>
}

export interface OpenedObject {
  /** Rejects when the connection is lost. */
  readonly body: AsyncIterable<Uint8Array>
  /** Of the whole object, however much of it is read. */
  readonly bytes: number
  /** Another one means that the object was replaced. */
  readonly version: string
}

/**
 * What a client library can do with its bucket, each a request or two; nothing is tried twice here. Errors come as the
 * library makes them; `translate` makes what the engine can act on of them.
 */
export interface Bucket {
  readonly partBytes: number
  readonly maxParts: number
  /** Parts that may be on their way at the same time. */
  readonly concurrency: number
  put(object: NewObject, bytes: Uint8Array, signal: AbortSignal): Promise<void>
  begin(object: NewObject, signal: AbortSignal): Promise<Upload>
  /** Left out where the store cannot make an object of another one. `from`: its key; rejects with `objectMissing` when it is not there. */
  copy?(from: string, object: NewObject, signal: AbortSignal): Promise<void>
  /** The mark of an object; empty when it has none, `undefined` when there is no object. */
  markOf(key: string, signal: AbortSignal): Promise<string | undefined>
  /** `undefined`: there is no object. `version`: rejects when it has another. */
  open(from: { key: string; byte: number; version?: string }, signal: AbortSignal): Promise<OpenedObject | undefined>
  list(prefix: string, from: string | undefined, signal: AbortSignal): Promise<BucketPage>
  /** A key that is not there is no error. */
  delete(key: string, signal: AbortSignal): Promise<void>
  /** `undefined`: the store lists no such uploads, or throws them away itself. */
  unfinished(prefix: string, signal: AbortSignal): Promise<readonly UnfinishedUpload[] | undefined>
  translate(error: unknown, failed: Failed): Error
}
