import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption } from '../options.js'

interface Options {
  readonly role: string
  readonly json?: boolean
  readonly config?: string
}

export function grantsCommand(io: Io, finish: Finish): Command {
  return new Command('grants')
    .summary('print the least rights the flows need, as SQL')
    .description('Prints the least rights the flows need, as SQL per database; it runs none of it.')
    .argument('[flow...]', 'names of flows in the config; default all')
    .requiredOption('--role <name>', 'the role that the flows log in as')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lockstep grants --role lockstep_app > grants.sql   run each part on the database that its comment names
  $ lockstep grants mirror --role lockstep_app --json | jq -r '.databases[0].statements[]' | psql "$A_URL"`,
    )
    .action(async (flows: string[], { json = false, ...rest }: Options) => {
      const { grants } = await import('../actions/grants.js')
      await finish(grants(io, { ...rest, flows, json }))
    })
}
