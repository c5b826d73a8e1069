import type { StoreWatcher } from '../../../core/object-store.js'

/** A request that is over in a moment is not worth telling, even when it took two attempts. */
const TOLD_AFTER_MS = 1_000
const TOLD_AFTER_FAILURES = 3

/** Whoever wants to know is told when requests of a store begin to fail, and when they work again; not of each of them. */
export class StoreWatch {
  readonly #watchers = new Set<StoreWatcher>()
  readonly #failing = new Set<object>()
  /** What was told last; `undefined`: that it works. */
  #reason: string | undefined

  /** Answers what ends it. */
  add(watcher: StoreWatcher): () => void {
    // Whoever gave up left it so, and nobody has asked the store since.
    if (this.#failing.size === 0) this.#reason = undefined
    this.#watchers.add(watcher)
    if (this.#reason !== undefined) watcher(this.#reason)
    return () => void this.#watchers.delete(watcher)
  }

  /** `request`: stands for it and its repetitions. */
  failed(request: object, { failures, ms, reason }: { failures: number; ms: number; reason: string }): void {
    if (failures < TOLD_AFTER_FAILURES && ms < TOLD_AFTER_MS) return
    this.#failing.add(request)
    if (this.#reason === undefined) this.#tell(reason)
  }

  worked(request: object): void {
    this.#failing.delete(request)
    if (this.#reason !== undefined && this.#failing.size === 0) this.#tell(undefined)
  }

  /** Nobody waits for it any more. */
  left(request: object): void {
    this.#failing.delete(request)
  }

  #tell(reason: string | undefined): void {
    this.#reason = reason
    for (const watcher of this.#watchers) watcher(reason)
  }
}
