/** A version that can be compared with others of its column: dates in ms, everything else as it came. */
export type CachedVersion = string | number | bigint

export interface CacheEntry {
  /** Flow, table and key of a row, as text. */
  readonly key: string
  readonly version: CachedVersion
}

/**
 * Remembers which version of a row is stored, so that older and equal ones need not go to the database. It may forget,
 * be empty or be away at any time: that costs speed only. It is told only what is committed, so what it answers is
 * stored, or something newer is.
 */
export interface VersionCache extends AsyncDisposable {
  /** For people, without credentials. */
  readonly label: string
  /** For each key the version known to be stored. Rejects when it cannot say in good time; the caller goes on without. */
  load(keys: readonly string[], signal: AbortSignal): Promise<readonly (CachedVersion | undefined)[]>
  /** Called after commit. */
  remember(entries: readonly CacheEntry[], signal: AbortSignal): Promise<void>
}
