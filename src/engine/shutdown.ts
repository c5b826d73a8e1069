import { setMaxListeners } from 'node:events'

/** What the process's signals mean to the flows: the first asks them to drain, the second to abort. */
export interface Shutdown {
  /** Hand these to the flows. */
  readonly drain: AbortSignal
  readonly abort: AbortSignal
  readonly state: ShutdownState
  /** Called on each SIGTERM or SIGINT; answers what it led to. */
  request(): Exclude<ShutdownState, 'running'>
}

export type ShutdownState = 'running' | 'draining' | 'aborting'

export function shutdown(): Shutdown {
  const drain = new AbortController()
  const abort = new AbortController()
  // Every flow, and every question to a store, waits for them; Node would warn of a leak from eleven on.
  setMaxListeners(0, drain.signal, abort.signal)
  let state: ShutdownState = 'running'
  return {
    drain: drain.signal,
    abort: abort.signal,
    get state() {
      return state
    },
    request() {
      if (state === 'running') {
        state = 'draining'
        drain.abort()
        return state
      }
      state = 'aborting'
      abort.abort()
      return state
    },
  }
}
