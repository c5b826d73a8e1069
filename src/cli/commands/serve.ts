import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, logLevelOption } from '../options.js'

interface Options {
  readonly listen?: string
  readonly config?: string
  readonly logLevel?: string
}

export function serveCommand(io: Io, finish: Finish): Command {
  return new Command('serve')
    .summary('serve the API and dashboard for flows that run elsewhere')
    .description('Shows over HTTP how flows stand that other processes run, from what these write to the state tables.')
    .argument('[flow...]', 'names of flows in the config; default all')
    .option('--listen <host:port>', 'where to listen (default: serve.listen of the config, 127.0.0.1:4680)')
    .addOption(configOption())
    .addOption(logLevelOption())
    .addHelpText('after', SERVE_HELP)
    .action(async (flows: string[], options: Options) => {
      const { serve } = await import('../actions/serve.js')
      await finish(serve(io, { ...options, flows }))
    })
}

const SERVE_HELP = `
It runs no flow: to see more of them (lanes, events) and to pause and resume them, let the process that runs them serve:
lockstep run --serve. Dead letters can be replayed and discarded, and checkpoints of flows that rest be reset, from here
too; with \`serve: { readOnly: true }\` in the config nothing can be changed.

The API is described at /docs and /openapi.json; /healthz, /readyz and /metrics are for machines.
Any address but this machine's own needs a token of 16 characters or more, in LOCKSTEP_TOKEN or \`serve.token\`.

Examples:
  $ lockstep serve                                                    on http://127.0.0.1:4680
  $ LOCKSTEP_TOKEN=$(openssl rand -hex 32) lockstep serve --listen 0.0.0.0:4680   for others, with a token`
