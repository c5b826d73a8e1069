import type { VersionCache } from '../../core/cache.js'

const users = new WeakMap<VersionCache, number>()

/** Several flows may share a cache: it is disposed of when the last one that runs lets go of it. */
export function leaseCache(cache: VersionCache | undefined): AsyncDisposable {
  if (cache === undefined) return { async [Symbol.asyncDispose]() {} }
  users.set(cache, (users.get(cache) ?? 0) + 1)
  return {
    async [Symbol.asyncDispose]() {
      const left = (users.get(cache) ?? 1) - 1
      users.set(cache, left)
      if (left === 0) await cache[Symbol.asyncDispose]()
    },
  }
}
