import { hostname } from 'node:os'
import { EXIT, type ExitCode } from '../../core/errors.js'
import { createLogger } from '../../observe/logger.js'
import { workerLog } from '../../observe/worker-log.js'
import { serveFlows } from '../../worker/serve-flows.js'
import type { Io } from '../io.js'
import { withConfig } from '../open-config.js'
import { logLevelOf } from '../run/log-level.js'
import { listenForSignals } from '../signals.js'
import { sweepBesideCheck } from '../small-heap.js'

export interface WorkerArguments {
  readonly config?: string
  /** Ranges at a time. */
  readonly concurrency: number
  /** Do what is there, then end. */
  readonly once: boolean
  readonly logLevel?: string
}

/** Does ranges of distributed flows. */
export async function worker(io: Io, args: WorkerArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    using signals = listenForSignals()
    const checks = Object.values(config.flows).some(({ kind, ranged }) => kind === 'check' && ranged !== undefined)
    using _swept = checks ? sweepBesideCheck() : undefined
    const level = logLevelOf(args.logLevel, io.env, config)
    const logger = createLogger(level, { write: (line) => io.out(line.trimEnd()) })
    const name = `${hostname()}:${process.pid}`
    logger.info(
      { event: 'worker.started', worker: name, concurrency: args.concurrency, once: args.once },
      'takes ranges',
    )
    const { concurrency, once } = args
    const told = workerLog(logger)
    const served = await serveFlows(config, { name, concurrency, once, drain: signals.shutdown.drain, told })
    logger.info({ event: 'worker.stopped', worker: name, ...served }, `did ${served.done} ranges`)
    return once && served.refused > 0 && served.done === 0 ? EXIT.config : EXIT.ok
  })
}
