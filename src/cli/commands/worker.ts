import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, logLevelOption, wholeNumber } from '../options.js'

interface Options {
  readonly concurrency: number
  readonly once?: boolean
  readonly config?: string
  readonly logLevel?: string
}

export function workerCommand(io: Io, finish: Finish): Command {
  const command = new Command('worker')
    .summary('do ranges of distributed flows')
    .description(
      'Takes ranges of the flows with `distribute` from their queue and does them, beside any number of others.',
    )
    .option('--concurrency <n>', 'ranges at a time', wholeNumber, 1)
    .option('--once', 'do what is there, then exit with 0: for a scheduler, a job or a one-shot container')
    .addOption(configOption())
    .addOption(logLevelOption())
    .addHelpText('after', HELP)
  return command.action(async ({ once = false, ...options }: Options) => {
    if (options.concurrency < 1 || options.concurrency > 100) command.error('error: --concurrency is from 1 to 100')
    const { worker } = await import('../actions/worker.js')
    await finish(worker(io, { ...options, once }))
  })
}

const HELP = `
The coordinator is \`lockstep check <flow>\` or \`lockstep run\`, for feeds too: it cuts the tables into ranges, puts them into
the queue and waits. A worker of a feed writes files: its store has to be that of the coordinator.
A worker has the same config, with addresses and passwords of its own; one whose config says something else of a flow does
none of its ranges, says so, and with --once exits with 2. Log lines go to stdout.
A queue that is away is waited for; with --once for a minute, then it exits with 3.
The first SIGTERM gives back what it has, for others to take at once. A worker that is killed or cut off loses its ranges
after \`distribute.leaseMs\`; nothing it writes later counts.

Examples:
  $ lockstep worker                     until stopped
  $ lockstep worker --concurrency 4     four ranges at a time
  $ lockstep worker --once              what is there now`
