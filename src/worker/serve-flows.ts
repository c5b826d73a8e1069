import type { Config } from '../config/define-config.js'
import type { Distribute, RangedWork, Served, ServeOptions } from '../core/distribute.js'
import { ConfigError } from '../core/errors.js'
import { queueOf } from './open-queue.js'

/** The flows whose ranges go through one queue. */
interface QueueFlows {
  readonly distribute: Distribute
  readonly flows: Map<string, RangedWork>
}

/**
 * Does ranges of all flows of the config that are distributed, until it is told to stop or, with `once`, there are none. Throws a
 * `ConfigError` when no flow is, or when the package of the queue is missing.
 */
export async function serveFlows(config: Config, options: Omit<ServeOptions, 'flows'>): Promise<Served> {
  const queues = queuesOf(config)
  if (queues.length === 0) throw nothingDistributed()
  const served = await Promise.all(
    queues.map(async ({ distribute, flows }) => {
      await using queue = queueOf(distribute)
      // Awaited here, as the queue is closed on leaving.
      return await queue.serve({ ...options, flows })
    }),
  )
  const sum = (of: keyof Served): number => served.reduce((total, each) => total + each[of], 0)
  return { done: sum('done'), failed: sum('failed'), refused: sum('refused') }
}

function queuesOf({ flows }: Config): readonly QueueFlows[] {
  const queues: QueueFlows[] = []
  for (const [name, { distribute, ranged }] of Object.entries(flows)) {
    if (distribute === undefined || ranged === undefined) continue
    const known = queues.find((queue) => queue.distribute.postgres.equals(distribute.postgres))
    if (known === undefined) queues.push({ distribute, flows: new Map([[name, ranged]]) })
    else known.flows.set(name, ranged)
  }
  return queues
}

function nothingDistributed(): ConfigError {
  return new ConfigError({
    code: 'nothing-distributed',
    key: 'flows',
    message: 'no flow has `distribute`, so there is nothing a worker could do',
    fix: "give one `distribute: { postgres: env('QUEUE_URL') }`",
  })
}
