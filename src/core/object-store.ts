import type { Diagnosis } from './diagnosis.js'
import { DataError } from './errors.js'

/** An object as a listing has it. */
export interface StoredObject {
  readonly name: string
  readonly bytes: number
  /** When it was finished, by the store's clock; ms since 1970. */
  readonly modifiedAt: number
}

export interface PutOptions {
  readonly contentType: string
  /** Of bytes that are compressed. */
  readonly contentEncoding?: 'gzip' | 'zstd'
  /**
   * `false` (default): the object must be new. Of several writers of one name exactly one commits, the others get a
   * `ConflictError` `object-exists`. `true`: it takes the place of the old one at once, so that a reader gets either whole.
   */
  readonly replace?: boolean
  readonly signal: AbortSignal
}

/** An object on its way. Until `commit` has resolved nobody sees anything of it under its name. */
export interface ObjectWriter {
  /** Resolves when there is room for more; memory stays flat however large the object. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when the whole object is durable under its name. When it rejects nothing is there, but for a lost answer. */
  commit(): Promise<void>
  /** Takes back what was written; after `commit` it does nothing. Never rejects. */
  abort(): Promise<void>
}

/** Makes an object of another one, whose bytes stay where they are. */
export interface ObjectCopier {
  /** Objects of more cannot be copied. */
  readonly maxBytes: number
  /** The new object is whole and durable when this resolves. `name` must be new. A missing `from` is an `objectMissing` error. */
  copy(from: string, name: string, options: PutOptions): Promise<void>
}

/**
 * A flat place for files: a folder, a bucket with a prefix. Making one opens nothing. What waiting may help throws an
 * `UnavailableError` (`store-full` for a full disk), a mistake in the set-up a `ConfigError`. Every name must be one by
 * `isObjectName`; another is a `ConfigError` `object-name`. The contract suite is `test/contracts/object-store.ts`.
 */
export interface ObjectStore {
  /** `folder`, `s3`, ... */
  readonly system: string
  /** For people, without credentials: `file:///srv/feeds`. */
  readonly label: string
  create(name: string, options: PutOptions): Promise<ObjectWriter>
  /** The bytes as they are stored. A missing object is an `objectMissing` error, thrown by the iteration. */
  read(name: string, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Finished objects whose names begin with `prefix`, in order of name. What was committed before the call is among them. */
  list(prefix: string, signal: AbortSignal): Promise<readonly StoredObject[]>
  /** Left out by stores that cannot. */
  readonly copier?: ObjectCopier
  /** A name that is not there is no error. */
  delete(names: readonly string[], signal: AbortSignal): Promise<void>
  /** Takes away what killed writers left behind of objects that never were, older than `olderThanMs`. Answers how many. */
  sweep(prefix: string, olderThanMs: number, signal: AbortSignal): Promise<number>
  /**
   * Tells whether requests fail and are repeated, so that a flow can say what it waits for long before a call gives up.
   * Answers what ends it. Left out by stores that repeat nothing.
   */
  watch?(watcher: StoreWatcher): () => void
  /** What would stop a feed: missing, no rights. Changes nothing that stays. */
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
}

/** `reason`: why requests fail, when they begin to; `undefined` when they work again. It must not throw. */
export type StoreWatcher = (reason: string | undefined) => void

/** Letters, digits, `.`, `-` and `_`, not at the beginning a dot; so no name leads out of its folder. At most 200. */
export function isObjectName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(name)
}

const MISSING = 'object-missing'

/** What `ObjectStore.read` throws for a name that is not there. `path`: the object with its place. */
export function objectMissing(path: string, cause: unknown): DataError {
  return new DataError(MISSING, `${path} is not there`, { cause })
}

export function isObjectMissing(error: unknown): boolean {
  return error instanceof DataError && error.code === MISSING
}
