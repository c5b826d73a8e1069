import { Command, InvalidArgumentError } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption } from '../options.js'

interface Options {
  readonly table?: string
  readonly into?: readonly string[]
  readonly intoEnv?: readonly string[]
  readonly rows?: number
  readonly batch: number
  readonly seconds?: number
  readonly rate?: number
  readonly progress: number
  readonly json?: boolean
  readonly config?: string
}

export function loadCommand(io: Io, finish: Finish): Command {
  return new Command('load')
    .summary('insert random rows, flat out')
    .description(
      'Inserts random rows, a batch at a time, each into a database picked at random, as fast as they take them.',
    )
    .argument('[flow]', 'load the tables of this flow of the config')
    .option('--table <name>', 'the table to load, with --into-env or --into')
    .option('--into-env <name>', 'an environment variable with the address of a database; once for each', collect)
    .option('--into <url>', 'the address itself; for one without a password', collect)
    .option('--rows <n>', 'stop after exactly so many rows, all databases together', whole)
    .option('--batch <n>', 'rows per insert', whole, 1000)
    .option('--seconds <s>', 'stop after so many seconds', positive)
    .option('--rate <rows>', 'rows per second at most, all databases together', positive)
    .option('--progress <ms>', 'time between two log lines when stdout is no terminal', whole, 1000)
    .addOption(jsonOption('print one summary object on stdout at the end; logs go to stderr'))
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Values fit the types of the columns; what has a default, identity and generated columns are left to the database.
The first SIGTERM or SIGINT lets the insert under way finish, the second stops at once. An insert that fails because
its database is away is tried again and counted. Nothing here knows of the flows that read the tables.
Prefer a flow of the config or --into-env: a password in --into can be read by every user of the machine in its list of
processes, and stays in the history of the shell.

Examples:
  $ lockstep load mirror                               the tables of the flow \`mirror\`, until stopped
  $ lockstep load mirror --seconds 60 --rate 5000 --json
  $ lockstep load --table records --into-env A_URL --into-env B_URL --rows 1000000`,
    )
    .action(async (flow: string | undefined, options: Options) => {
      const { load } = await import('../actions/load.js')
      const { json = false, into = [], intoEnv = [], ...rest } = options
      await finish(load(io, { ...rest, into, intoEnv, json, ...(flow === undefined ? {} : { flow }) }))
    })
}

function collect(value: string, all: readonly string[] = []): readonly string[] {
  return [...all, value]
}

function positive(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a number greater than 0.')
}

function whole(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number greater than 0.')
}
