import { Command, Option } from 'commander'
import type { RepairOptions, Side } from '../../core/repair.js'
import type { CheckArguments } from '../actions/check.js'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption, share, wholeNumber } from '../options.js'
import { historyCommand, showCommand } from './check-history.js'

interface Options {
  readonly flow?: string
  readonly moreInfo?: boolean
  readonly limit: number
  readonly settle?: number
  readonly sample?: number
  readonly seed?: number
  readonly repair?: RepairOptions['mode']
  readonly side?: Side
  readonly output?: string
  readonly delete?: boolean
  readonly maxRepairs: number
  readonly yes?: boolean
  readonly json?: boolean
  readonly progress?: boolean
  readonly resume?: boolean
  readonly alert: boolean
  readonly format?: 'ndjson' | 'csv' | 'junit' | 'html'
  readonly config?: string
}

export function checkCommand(io: Io, finish: Finish): Command {
  const command = new Command('check')
    .summary('compare the two sides of a flow')
    .description('Compares the two sides of a flow, row by row; changes nothing unless --repair apply is confirmed.')
    .usage('[options] <flow>\n       lockstep check history [flow]\n       lockstep check show <run>')
    .argument('[flow]', 'name of a flow in the config')
    .option('--flow <name>', 'the same, also for a flow that is called history or show')
    .option('--more-info', 'show the rows that differ side by side, with the cells that differ marked')
    .option('--limit <rows>', 'with --more-info: how many rows to show', wholeNumber, 50)
    .option('--settle <ms>', 'time between the first look at a difference and the second (default: 1000)', wholeNumber)
    .option(
      '--sample <share>',
      'compare only a share of the rows of two tables, such as 0.01; the report says so',
      share,
    )
    .option('--seed <n>', 'with --sample: which share; 0, 1, 2, ... are other rows each (default: 0)', wholeNumber)
    .helpCommand(false)
    .addCommand(historyCommand(io, finish))
    .addCommand(showCommand(io, finish))
  return withRepairOptions(command)
    .addOption(formatOption())
    .addOption(jsonOption('print one object on stdout; with --more-info it has the rows too'))
    .addOption(new Option('--resume', 'go on with a run of this check that was interrupted').conflicts(['repair']))
    .option('--progress', 'where stderr is no terminal: tell it now and then how far the check is')
    .option('--no-alert', 'tell nobody, whatever is found; else `alert` and `alerts` of the config say whom')
    .addOption(configOption())
    .addHelpText('after', HELP)
    .action(async (argument: string | undefined, options: Options) => {
      const flow = oneFlow(command, argument, options.flow)
      if (options.moreInfo && options.format !== undefined && options.format !== 'html')
        command.error(`error: --more-info shows cells, which --format ${options.format} never has; html can`)
      const { check } = await import('../actions/check.js')
      await finish(check(io, argumentsOf(flow, options)))
    })
}

function argumentsOf(flow: string, options: Options): CheckArguments {
  const {
    moreInfo = false,
    json = false,
    progress = false,
    resume = false,
    settle,
    sample,
    seed,
    repair,
    ...rest
  } = options
  return {
    ...rest,
    ...(settle === undefined ? {} : { settleMs: settle }),
    ...(sample === undefined ? {} : { sample: { share: sample, ...(seed === undefined ? {} : { seed }) } }),
    ...(repair === undefined ? {} : { repair: { ...rest, mode: repair } }),
    ...{ flow, moreInfo, json, progress, resume },
  }
}

function oneFlow(command: Command, argument: string | undefined, option: string | undefined): string {
  const flow = option ?? argument
  if (flow === undefined) command.error("error: missing required argument 'flow'")
  if (option !== undefined && argument !== undefined) command.error('error: name one flow, as an argument or by --flow')
  return flow
}

function withRepairOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--repair <how>',
        'sql: write statements that set right what differs; apply: make the changes, if confirmed',
      )
        .choices(['sql', 'apply'])
        .conflicts(['moreInfo']),
    )
    .addOption(
      new Option('--side <side>', 'with --repair, of two tables: the side that is changed').choices(['left', 'right']),
    )
    .option(
      '--output <file>',
      'where the report goes, as a whole or not at all; with --repair sql: where the statements go (default: stdout)',
    )
    .option('--delete', 'with --repair: also delete the rows that only this side has')
    .option('--max-repairs <n>', 'with --repair apply: more changes are refused as a whole', wholeNumber, 1000)
    .option('--yes', 'with --repair apply: do not ask')
}

function formatOption(): Option {
  return new Option(
    '--format <format>',
    'ndjson, csv: findings as they are found; junit: a report for CI; html: a page that needs nothing else. Keys, but no cells',
  )
    .choices(['ndjson', 'csv', 'junit', 'html'])
    .conflicts(['json', 'repair'])
}

const HELP = `
Exits with 0 when the sides are the same, 1 when they differ, 3 when it cannot tell (unverified), 2 or more on trouble.
--repair apply is a dry run unless somebody confirms it: it shows what it would change and asks, or takes --yes; where nobody can
be asked it exits with 2. Each change is made only where the row still is as it was compared. Rows that only the changed side has
are kept, unless --delete is given; rows that are still changing, and references to what is not there, are left alone.

Runs are kept where the config names a \`state\` database: \`lockstep check history\` lists them, \`lockstep check show\` has what
one found. A flow that is itself called history or show is checked by \`lockstep check --flow history\`.

Examples:
  $ lockstep check mirror
  $ lockstep check history mirror
  $ lockstep check mirror --more-info --limit 20
  $ lockstep check orders --sample 0.01 --seed 7      one row in a hundred, another hundredth with each seed
  $ lockstep check orders --resume                    after SIGTERM or a crash; needs state in the config
  $ lockstep check mirror --json | jq .verdict
  $ lockstep check mirror --format junit > check.xml  a test case per pair of tables, or per column that refers
  $ lockstep check mirror --format html --more-info --output check.html   a page with charts, and both rows side by side
  $ lockstep check orders --repair sql --side right --output repair.sql   what would make the right side like the left one
  $ lockstep check blobs --repair apply --yes         sets the stored numbers to what was counted`
