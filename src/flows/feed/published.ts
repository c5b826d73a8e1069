import { DataError } from '../../core/errors.js'
import type { ObjectStore, StoredObject } from '../../core/object-store.js'
import { isIncrement } from './increment.js'
import { type Manifest, readManifest } from './manifest.js'
import { type FeedNames, type FeedObject, feedNames } from './names.js'

interface Known {
  readonly object: StoredObject
  readonly is: FeedObject
}

export interface LeftFiles {
  readonly run: string
  /** By name. */
  readonly bytes: ReadonlyMap<string, number>
}

export interface LeftFile {
  readonly name: string
  readonly bytes: number
}

/** Files of an attempt that has not ended are left alone for so long; after that its process is taken for dead. */
const STALE_MS = 24 * 3_600_000

/** What a store has of a feed, as one listing shows it. */
export class Published {
  readonly store: ObjectStore
  readonly names: FeedNames
  /** Sequences of all manifests, ascending. */
  readonly sequences: readonly number[]
  readonly #objects: readonly Known[]
  readonly #manifests = new Map<number, Promise<Manifest | undefined>>()

  private constructor(store: ObjectStore, names: FeedNames, objects: readonly Known[]) {
    this.store = store
    this.names = names
    this.#objects = objects
    this.sequences = objects
      .flatMap(({ is }) => (is.kind === 'manifest' ? [is.sequence] : []))
      .sort((left, right) => left - right)
  }

  static async look(store: ObjectStore, feed: string, signal: AbortSignal): Promise<Published> {
    const names = feedNames(feed)
    const objects = (await store.list(names.prefix, signal)).flatMap((object) => {
      const is = names.parse(object.name)
      return is === undefined ? [] : [{ object, is }]
    })
    return new Published(store, names, objects)
  }

  /** Of the newest feed; 0 before the first. */
  get last(): number {
    return this.sequences.at(-1) ?? 0
  }

  /**
   * Finished files of another attempt at this sequence, of which a run that was killed has left them; of several attempts
   * the one with the most.
   */
  leftOf(sequence: number): LeftFiles | undefined {
    const runs = new Map<string, Map<string, number>>()
    for (const { object, is } of this.#objects) {
      if (is.kind !== 'data' || is.sequence !== sequence || is.range !== undefined) continue
      const files = runs.get(is.run) ?? new Map<string, number>()
      runs.set(is.run, files.set(object.name, object.bytes))
    }
    const [most] = [...runs].sort(([, one], [, other]) => other.size - one.size)
    return most === undefined ? undefined : { run: most[0], bytes: most[1] }
  }

  /** The same of an attempt that workers made: of each range the files of one taking, in their order. */
  leftRanges(sequence: number): ReadonlyMap<number, readonly LeftFile[]> {
    const takings = new Map<string, { readonly range: number; readonly files: LeftFile[] }>()
    for (const { object, is } of this.#objects) {
      if (is.kind !== 'data' || is.sequence !== sequence || is.range === undefined) continue
      const name = `${is.run} ${is.range} ${is.nonce}`
      const taking = takings.get(name) ?? { range: is.range, files: [] }
      taking.files.push({ name: object.name, bytes: object.bytes })
      takings.set(name, taking)
    }
    const fewestFirst = [...takings.values()].sort((one, other) => one.files.length - other.files.length)
    return new Map(fewestFirst.map(({ range, files }) => [range, files]))
  }

  /** The newest manifest that can be read; `undefined` when there is none. */
  async newest(signal: AbortSignal): Promise<Manifest | undefined> {
    for (const sequence of this.sequences.toReversed()) {
      const manifest = await this.#manifest(sequence, signal)
      if (manifest !== undefined) return manifest
    }
    return undefined
  }

  /** The newest that has all rows of its table, as far as that is known. */
  async whole(signal: AbortSignal): Promise<Manifest | undefined> {
    const newest = await this.newest(signal)
    if (newest?.incremental === undefined || !isIncrement(newest)) return newest
    return this.#manifest(newest.incremental.base, signal)
  }

  /**
   * Of the feeds that are kept, the oldest: one of the newest `keep`, or the feed with all rows that it adds to, without
   * which it would mean nothing. 0 when there is none.
   */
  async oldestKept(keep: number, signal: AbortSignal): Promise<number> {
    const newest = this.sequences.slice(-keep)
    const manifests = await Promise.all(newest.map((sequence) => this.#manifest(sequence, signal)))
    const bases = manifests.flatMap((manifest) => manifest?.incremental?.base ?? [])
    return Math.min(newest[0] ?? 0, ...bases)
  }

  /**
   * Deletes manifests but the newest `keep` and those that these add to, then the files that none of those names. An attempt at sequence n can publish
   * only while there is no manifest n or later, so what is of such a sequence and not named is of no use to anybody. Of
   * an attempt that may still be under way only stale files are deleted. Answers how many objects.
   */
  async tidy(keep: number, signal: AbortSignal): Promise<number> {
    const oldest = await this.oldestKept(keep, signal)
    const kept = new Set(this.sequences.filter((sequence) => sequence >= oldest))
    const old = this.sequences
      .filter((sequence) => !kept.has(sequence))
      .map((sequence) => this.names.manifest(sequence))
    // First, so that no descriptor names files that are gone.
    await this.store.delete(await this.#descriptors(kept, signal), signal)
    await this.store.delete(old, signal)
    const named = await this.#named(kept, signal)
    const waste = this.#objects.flatMap(({ object, is }) => (this.#isWaste(object, is, named) ? [object.name] : []))
    await this.store.delete(waste, signal)
    return old.length + waste.length + (await this.store.sweep(this.names.prefix, STALE_MS, signal))
  }

  #isWaste(object: StoredObject, is: FeedObject, named: ReadonlyMap<number, Manifest | undefined>): boolean {
    if (is.kind === 'manifest') return false
    if (is.sequence > this.last) return Date.now() - object.modifiedAt > STALE_MS
    if (!named.has(is.sequence)) return true
    const manifest = named.get(is.sequence)
    // Of a manifest that cannot be read nobody knows what it names.
    if (manifest === undefined) return false
    if (manifest.run !== is.run) return true
    // A range that was done twice has files of both workers.
    return is.range !== undefined && !manifest.files.some(({ name }) => name === object.name)
  }

  /** Those of the manifests that are not kept. */
  async #descriptors(kept: ReadonlySet<number>, signal: AbortSignal): Promise<readonly string[]> {
    const found: string[] = []
    for (const sequence of this.sequences.filter((each) => !kept.has(each))) {
      const name = (await this.#manifest(sequence, signal))?.descriptor?.name
      if (name !== undefined) found.push(name)
    }
    return found
  }

  /** The manifests that are kept, by sequence. */
  async #named(kept: ReadonlySet<number>, signal: AbortSignal): Promise<ReadonlyMap<number, Manifest | undefined>> {
    const manifests = [...kept].map(async (sequence) => [sequence, await this.#manifest(sequence, signal)] as const)
    return new Map(await Promise.all(manifests))
  }

  #manifest(sequence: number, signal: AbortSignal): Promise<Manifest | undefined> {
    const known = this.#manifests.get(sequence)
    if (known !== undefined) return known
    const reading = this.#read(sequence, signal)
    this.#manifests.set(sequence, reading)
    return reading
  }

  async #read(sequence: number, signal: AbortSignal): Promise<Manifest | undefined> {
    try {
      return await readManifest(this.store, this.names.manifest(sequence), signal)
    } catch (error) {
      if (error instanceof DataError) return undefined
      throw error
    }
  }
}
