import type { Batch } from '../../core/batch.js'
import type { CacheEntry, VersionCache } from '../../core/cache.js'
import { ConfigError, DataError } from '../../core/errors.js'
import { failpoint } from '../../core/failpoint.js'
import type { WriteContext } from '../../core/sink.js'
import type { Rowset, UpsertSink } from '../../core/upsert.js'
import { deadline } from '../../engine/deadline.js'
import { isAsNew, type VersionKeys } from './version-keys.js'

const CACHE_DEADLINE_MS = 100
/** How long a cache that failed is left alone, so that not every batch waits for it. */
const REST_MS = 5_000
const NOTICE_EVERY_MS = 60_000

export interface Caching {
  readonly cache: VersionCache
  readonly keys: VersionKeys
  /** Told how many items were left out as they are stored already, or something newer is. */
  stale(lane: string, count: number): void
  /** Told, once a minute at most, that the cache does not answer. */
  away(message: string): void
}

/**
 * A sink in front of which a cache drops the items whose rows are all known to be stored in that version or a newer one.
 * The cache learns of rows after their commit. When it is slow, empty or away, everything goes to the sink.
 */
export function cachedSink(sink: UpsertSink, caching: Caching): UpsertSink {
  const cached = new CachedSink(sink, caching)
  return {
    checkpoints: sink.checkpoints,
    write: (batch, context) => cached.write(batch, context),
    probe: (items, context) => sink.probe(items, context),
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  }
}

interface Looked {
  /** Indexes in the batch of the items that are to be written. */
  readonly fresh: readonly number[]
  /** What their rows are, once they are stored. */
  readonly entries: readonly CacheEntry[]
}

class CachedSink {
  readonly #sink: UpsertSink
  readonly #caching: Caching
  #restsUntil = 0
  #noticedAt = Number.NEGATIVE_INFINITY

  constructor(sink: UpsertSink, caching: Caching) {
    this.#sink = sink
    this.#caching = caching
  }

  async write(batch: Batch<Rowset>, context: WriteContext): Promise<void> {
    const all = [...batch.items]
    const { fresh, entries } = await this.#look(all, context.signal)
    const stale = all.length - fresh.length
    if (stale === 0) await this.#sink.write(batch, context)
    else if (fresh.length > 0 || batch.position !== undefined) {
      const items = fresh.flatMap((at) => all[at] ?? [])
      await this.#sink.write({ ...batch, items }, context).catch(renamed(fresh))
    }
    if (entries.length > 0) {
      failpoint('ingest:before-cache')
      await this.#ask('remember', context.signal, (cache, signal) => cache.remember(entries, signal))
    }
    if (stale > 0) this.#caching.stale(batch.lane, stale)
  }

  async #look(items: readonly Rowset[], signal: AbortSignal): Promise<Looked> {
    const perItem = items.map((item) => this.#caching.keys.entriesOf(item))
    const entries = perItem.flatMap((ofItem) => ofItem ?? [])
    const known = entries.length === 0 ? undefined : await this.#known(entries, signal)
    if (known === undefined) return { fresh: [...items.keys()], entries: newestOf(entries) }
    const isStale = ({ key, version }: CacheEntry) => isAsNew(known.get(key), version)
    const fresh = [...items.keys()].filter((at) => !perItem[at]?.every(isStale))
    return { fresh, entries: newestOf(fresh.flatMap((at) => perItem[at] ?? [])) }
  }

  async #known(
    entries: readonly CacheEntry[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, CacheEntry['version']> | undefined> {
    const keys = [...new Set(entries.map(({ key }) => key))]
    const versions = await this.#ask('load', signal, (cache, inner) => cache.load(keys, inner))
    if (versions?.length !== keys.length) return undefined
    return new Map(
      keys.flatMap((key, at) => {
        const version = versions[at]
        return version === undefined ? [] : [[key, version] as const]
      }),
    )
  }

  /** `undefined` when the cache did not answer in time, or is given a rest. */
  async #ask<Answer>(
    what: string,
    signal: AbortSignal,
    work: (cache: VersionCache, signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const { cache } = this.#caching
    if (performance.now() < this.#restsUntil) return undefined
    try {
      return await deadline({ what: `${what} of ${cache.label}`, ms: CACHE_DEADLINE_MS, signal }, (inner) =>
        work(cache, inner),
      )
    } catch (error) {
      // A missing client library does not come by waiting.
      if (error instanceof ConfigError) throw error
      if (!signal.aborted) this.#failed(error)
      return undefined
    }
  }

  #failed(error: unknown): void {
    const now = performance.now()
    this.#restsUntil = now + REST_MS
    if (now - this.#noticedAt < NOTICE_EVERY_MS) return
    this.#noticedAt = now
    const { cache, away } = this.#caching
    away(
      `${cache.label} does not answer (${error instanceof Error ? error.name : 'unknown error'}); going on without it`,
    )
  }
}

/** One entry per key. Which of two texts is newer nobody knows here; either is stored, or something newer is. */
function newestOf(entries: readonly CacheEntry[]): readonly CacheEntry[] {
  const newest = new Map<string, CacheEntry>()
  for (const entry of entries) if (!isAsNew(newest.get(entry.key)?.version, entry.version)) newest.set(entry.key, entry)
  return [...newest.values()]
}

/** Says of an error which items of the whole batch it means. */
function renamed(fresh: readonly number[]): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DataError) || error.bad === undefined) throw error
    const bad = error.bad.flatMap((at) => fresh[at] ?? [])
    throw new DataError(error.code, error.message, { cause: error, bad })
  }
}
