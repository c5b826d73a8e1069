import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption, wholeNumber } from '../options.js'

interface Options {
  readonly limit: number
  readonly json?: boolean
  readonly config?: string
}

export function historyCommand(io: Io, finish: Finish): Command {
  return new Command('history')
    .summary('runs of checks, newest first')
    .description("Lists the runs of checks that are kept in the config's state database, and how differences went.")
    .argument('[flow]', 'name of a flow in the config; default all')
    .option('--limit <runs>', 'how many to show', wholeNumber, 20)
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
A run that never ended, as its process was killed, is \`interrupted\`.

Examples:
  $ lockstep check history
  $ lockstep check history same --limit 100
  $ lockstep check history same --json | jq '.runs[] | {startedAt, verdict: .report.verdict}'`,
    )
    .action(async (flow: string | undefined, { json = false, ...rest }: Options) => {
      const { checkHistory } = await import('../actions/check-history.js')
      await finish(checkHistory(io, { ...rest, json, ...(flow === undefined ? {} : { flow }) }))
    })
}

interface ShowOptions extends Options {
  readonly after: number
}

export function showCommand(io: Io, finish: Finish): Command {
  return new Command('show')
    .summary('one run of a check and what it found')
    .description('Shows one run of a check: what was compared by which filters, the verdict, and the findings kept.')
    .argument('<run>', 'as listed by `lockstep check history`')
    .option('--limit <findings>', 'how many findings to show', wholeNumber, 50)
    .option('--after <number>', 'only findings after this one', wholeNumber, 0)
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Findings are kept with their keys and the names of the columns that differ; with the rows where the flow says
\`history: { keepRows: true }\`.

Examples:
  $ lockstep check show 3f9c2a71d04b
  $ lockstep check show 3f9c2a71d04b --after 50
  $ lockstep check show 3f9c2a71d04b --limit 1000 --json | jq -r '.findings[].key[0]'`,
    )
    .action(async (run: string, { json = false, ...rest }: ShowOptions) => {
      const { showCheck } = await import('../actions/check-history.js')
      await finish(showCheck(io, { ...rest, json, run }))
    })
}
