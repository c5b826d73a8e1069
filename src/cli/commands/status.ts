import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption } from '../options.js'

interface Options {
  readonly json?: boolean
  readonly config?: string
}

export function statusCommand(io: Io, finish: Finish): Command {
  return new Command('status')
    .summary('how the flows stand, wherever they run')
    .description('Says how the flows stand, from what their processes wrote to the databases; it may be run anywhere.')
    .argument('[flow...]', 'names of flows in the config; default all')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Exits with 0, or with 3 when a database could not be asked.

Examples:
  $ lockstep status
  $ watch -c -n 2 FORCE_COLOR=1 lockstep status
  $ lockstep status mirror --json | jq '.flows[0].record.lagMs'`,
    )
    .action(async (flows: string[], { json = false, ...rest }: Options) => {
      const { status } = await import('../actions/status.js')
      await finish(status(io, { ...rest, flows, json }))
    })
}
