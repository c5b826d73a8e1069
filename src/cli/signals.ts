import { type Shutdown, shutdown } from '../engine/shutdown.js'

/** Draining that takes longer becomes an abort; below the 30 s that Kubernetes waits before it kills. */
const DRAIN_MS = 25_000
/** An abort is at once; whoever does not return within this time is left behind. */
const ABORT_MS = 3_000

export interface Signals extends Disposable {
  readonly shutdown: Shutdown
  /** Rejects never; resolves when an abort has been asked for and its time is over. */
  readonly overdue: Promise<void>
}

/** Listens for SIGTERM and SIGINT until disposed of. `requested` is told of each request that changes something. */
export function listenForSignals(requested: (state: 'draining' | 'aborting') => void = () => {}): Signals {
  const stop = shutdown()
  const timers: NodeJS.Timeout[] = []
  let resolveOverdue = (): void => {}
  const overdue = new Promise<void>((resolve) => {
    resolveOverdue = resolve
  })
  const request = (): void => {
    if (stop.state === 'aborting') return
    const state = stop.request()
    timers.push(state === 'draining' ? setTimeout(request, DRAIN_MS) : setTimeout(resolveOverdue, ABORT_MS))
    requested(state)
  }
  process.on('SIGTERM', request).on('SIGINT', request)
  return {
    shutdown: stop,
    overdue,
    [Symbol.dispose]() {
      process.off('SIGTERM', request).off('SIGINT', request)
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
