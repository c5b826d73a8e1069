import type { Config } from '../config/define-config.js'
import type { Served, ServeEvent } from '../core/distribute.js'
import { serveFlows } from './serve-flows.js'

/** What of the context that AWS Lambda hands to a function is used. */
export interface TimeLimited {
  readonly awsRequestId?: string
  getRemainingTimeInMillis(): number
}

export interface HandlerOptions {
  /** Ranges at a time. Default 1. */
  readonly concurrency?: number
  /** So long before the time is up it gives back what it has not done, in ms. Default 10000. */
  readonly reserveMs?: number
  /** Is told of each range; nothing is logged. */
  readonly told?: (event: ServeEvent) => void
}

/**
 * A handler for AWS Lambda that does ranges of the config's distributed flows: what is there, or as much of it as there is time
 * for. Answers how many ranges it did, how many failed and how many runs it refused, as their config is another. Throws what
 * `lockstep worker` would end with.
 *
 * @param config what `defineConfig` made, imported by the function's own code.
 */
export function workerHandler(
  config: Config,
  options: HandlerOptions = {},
): (event: unknown, context: TimeLimited) => Promise<Served> {
  const { concurrency = 1, reserveMs = 10_000, told = () => {} } = options
  return async (_event, context) => {
    const drain = new AbortController()
    const timer = setTimeout(() => drain.abort(), Math.max(0, context.getRemainingTimeInMillis() - reserveMs))
    const name = `lambda:${context.awsRequestId ?? 'function'}`
    try {
      return await serveFlows(config, { name, concurrency, once: true, drain: drain.signal, told })
    } finally {
      clearTimeout(timer)
    }
  }
}
