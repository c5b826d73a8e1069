import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption, logLevelOption } from '../options.js'

interface Options {
  readonly untilCaughtUp?: boolean
  readonly once?: boolean
  readonly full?: boolean
  readonly standby?: boolean
  readonly serve?: string | true
  readonly json?: boolean
  readonly config?: string
  readonly logLevel?: string
}

export function runCommand(io: Io, finish: Finish): Command {
  return new Command('run')
    .summary('run flows until stopped')
    .description('Runs the named flows, or all of them, side by side; one that fails does not stop the others.')
    .argument('[flow...]', 'names of flows in the config; default all')
    .option('--until-caught-up', 'stop once everything committed before the start is on the other side; implies --once')
    .option('--once', 'run flows that have a schedule now, one time, and not when they are due')
    .option('--full', 'feeds with `since` publish all rows again; implies --once')
    .option('--standby', 'wait while another instance runs a flow that must run once, and take over when it is gone')
    .option(
      '--serve [host:port]',
      'serve the API and dashboard too (default: serve.listen of the config, 127.0.0.1:4680)',
    )
    .addOption(jsonOption('print one summary object on stdout at the end; logs go to stderr'))
    .addOption(configOption())
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      `
On a terminal it shows each flow live; elsewhere it writes JSON log lines.
A check flow ends by itself; when its sides differ the exit code is 1, and 3 when it could not tell.
A flow with a schedule runs whenever it is due, never twice at a time, until the process is stopped. A run that fails is
told, and the next due time runs again; stopped in good order it exits with 0, whatever its runs found (see status).
With --serve flows can be paused, resumed and run over HTTP (see serve), and the process goes on until it is stopped.
A flow that must run once (sync, ingest of a catch-up subscription or of files) is run by one instance, which holds a lease.
Another one ends with exit code 4 or, with --standby, waits: it takes over at once when the first ends in good order, and
within 15 s when it is killed, frozen or cut off.
The first SIGTERM or SIGINT lets the flows finish what they have read (25 s), the second stops them at once.

Examples:
  $ lockstep run                            all flows, until stopped
  $ lockstep run mirror --until-caught-up   one flow, as a job
  $ lockstep run facilities --once          one publication now, whatever its schedule
  $ lockstep run --standby                  on two machines: one works, the other waits
  $ lockstep run --serve                    and the API with it, on http://127.0.0.1:4680
  $ lockstep run --json > summary.json      logs on stderr, the summary in a file`,
    )
    .action(async (flows: string[], options: Options) => {
      const { run } = await import('../actions/run.js')
      const { untilCaughtUp = false, once = false, full = false, ...more } = options
      const { standby = false, json = false, serve, ...rest } = more
      const served = serve === undefined ? {} : { serve: { listen: serve === true ? undefined : serve } }
      await finish(run(io, { ...rest, ...served, flows, untilCaughtUp, once, full, standby, json }))
    })
}
