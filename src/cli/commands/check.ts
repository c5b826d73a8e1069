import { Command, Option } from 'commander'
import type { Side } from '../../compare/repair.js'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption, share, wholeNumber } from '../options.js'

interface Options {
  readonly moreInfo?: boolean
  readonly limit: number
  readonly settle?: number
  readonly sample?: number
  readonly seed?: number
  readonly sql?: Side
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
    .option(
      '--sample <share>',
      'compare only a share of the rows of two tables, such as 0.01; the report says so',
      share,
    )
    .option('--seed <n>', 'with --sample: which share; 0, 1, 2, ... are other rows each (default: 0)', wholeNumber)
    .addOption(
      new Option('--sql <side>', 'print the statements that would give this side what the other has; nothing is run')
        .choices(['left', 'right'])
        .conflicts(['json', 'moreInfo']),
    )
    .addOption(jsonOption('print one object on stdout; with --more-info it has the rows too'))
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Exits with 0 when the sides are the same, 1 when they differ, 3 when it cannot tell (unverified), 2 or more on trouble.
With --sql the statements go to stdout and the summary to stderr. Rows that only this side has are left alone, as are rows
that are still changing: nothing is ever deleted. Read the statements before you run them.

Examples:
  $ lockstep check mirror
  $ lockstep check mirror --more-info --limit 20
  $ lockstep check orders --sample 0.01 --seed 7      one row in a hundred, another hundredth with each seed
  $ lockstep check mirror --json | jq .verdict
  $ lockstep check mirror --sql right > repair.sql   what would make the right side like the left one`,
    )
    .action(async (flow: string, { moreInfo = false, json = false, settle, sample, seed, ...rest }: Options) => {
      const { check } = await import('../actions/check.js')
      const options = {
        ...rest,
        ...(settle === undefined ? {} : { settleMs: settle }),
        ...(sample === undefined ? {} : { sample: { share: sample, ...(seed === undefined ? {} : { seed }) } }),
      }
      await finish(check(io, { ...options, flow, moreInfo, json }))
    })
}
