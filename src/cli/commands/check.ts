import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption, wholeNumber } from '../options.js'

interface Options {
  readonly moreInfo?: boolean
  readonly limit: number
  readonly settle?: number
  readonly json?: boolean
  readonly config?: string
}

export function checkCommand(io: Io, finish: Finish): Command {
  return new Command('check')
    .summary('compare the two sides of a flow')
    .description('Compares the two sides of a flow, row by row, and changes nothing.')
    .argument('<flow>', 'name of a flow in the config')
    .option('--more-info', 'show the rows that differ side by side, with the cells that differ marked')
    .option('--limit <rows>', 'with --more-info: how many rows to show', wholeNumber, 50)
    .option('--settle <ms>', 'time between the first look at a difference and the second (default: 1000)', wholeNumber)
    .addOption(jsonOption('print one object on stdout; with --more-info it has the rows too'))
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Exits with 0 when the sides are the same, 1 when they differ, 3 when it cannot tell (unverified), 2 or more on trouble.

Examples:
  $ lockstep check mirror
  $ lockstep check mirror --more-info --limit 20
  $ lockstep check mirror --json | jq .verdict`,
    )
    .action(async (flow: string, { moreInfo = false, json = false, settle, ...rest }: Options) => {
      const { check } = await import('../actions/check.js')
      await finish(check(io, { ...rest, flow, moreInfo, json, ...(settle === undefined ? {} : { settleMs: settle }) }))
    })
}
