import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption } from '../options.js'

interface Options {
  readonly json?: boolean
  readonly config?: string
}

export function doctorCommand(io: Io, finish: Finish): Command {
  return new Command('doctor')
    .summary('what would stop or slow the flows, and the fix')
    .description(
      'Looks at databases, rights, tables and settings, says what would stop or slow a flow, and changes nothing.',
    )
    .argument('[flow...]', 'names of flows in the config; default all')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Exits with 0 when nothing is wrong (warnings may be shown), else with 2.

Of a missing index it says what is read without it and with it, and prints the statement that creates it: from the catalog and from EXPLAIN,
never ANALYZE. Nothing is created.

Examples:
  $ lockstep doctor
  $ lockstep doctor mirror --json`,
    )
    .action(async (flows: string[], { json = false, ...rest }: Options) => {
      const { doctor } = await import('../actions/doctor.js')
      await finish(doctor(io, { ...rest, flows, json }))
    })
}
