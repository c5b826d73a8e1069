import { Command, Option } from 'commander'
import type { Side } from '../../core/repair.js'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption } from '../options.js'

interface Options {
  readonly role: string
  readonly repair?: boolean
  readonly side?: Side
  readonly delete?: boolean
  readonly json?: boolean
  readonly config?: string
}

export function grantsCommand(io: Io, finish: Finish): Command {
  return new Command('grants')
    .summary('print the least rights the flows need, as SQL')
    .description('Prints the least rights the flows need, as SQL per database; it runs none of it.')
    .argument('[flow...]', 'names of flows in the config; default all')
    .requiredOption('--role <name>', 'the role that the flows log in as')
    .option('--repair', 'also what lockstep check --repair apply takes, of checks')
    .addOption(
      new Option('--side <side>', 'with --repair, of two tables: the side that is changed')
        .choices(['left', 'right'])
        .implies({ repair: true }),
    )
    .addOption(
      new Option('--delete', 'with --repair: also to delete the rows that only this side has').implies({
        repair: true,
      }),
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lockstep grants --role lockstep_app > grants.sql   run each part on the database that its comment names
  $ lockstep grants mirror --role lockstep_app --json | jq -r '.databases[0].statements[]' | psql "$A_URL"
  $ lockstep grants same --role fixer --repair --side right     for a role that also repairs the right side`,
    )
    .action(async (flows: string[], { json = false, repair = false, side, delete: removes, ...rest }: Options) => {
      const { grants } = await import('../actions/grants.js')
      const changes = { ...(side === undefined ? {} : { side }), delete: removes === true }
      await finish(grants(io, { ...rest, ...(repair ? { repair: changes } : {}), flows, json }))
    })
}
