import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption, wholeNumber } from '../options.js'

interface Options {
  readonly json?: boolean
  readonly config?: string
}

export function feedCommand(io: Io, finish: Finish): Command {
  return new Command('feed')
    .summary('look at what was published')
    .description('Looks at what feed flows have published; `lockstep run <flow>` publishes.')
    .addCommand(listCommand(io, finish))
    .addCommand(showCommand(io, finish))
    .addCommand(verifyCommand(io, finish))
    .addCommand(diffCommand(io, finish))
}

interface ListOptions extends Options {
  readonly runs: number
}

function listCommand(io: Io, finish: Finish): Command {
  return new Command('list')
    .summary('list the feeds that a store has, and the last runs')
    .description(
      "Lists the feeds of a flow, newest first: sequence, when, rows, files, bytes, rejected rows, and whether every file is there with its size. Reads manifests, not files. Below them are the last runs, as far as the config's state database has them: also those that published nothing, and why.",
    )
    .argument('<flow>', 'name of a feed flow in the config')
    .option('--runs <n>', 'runs to list', wholeNumber, 10)
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Exits with 0, also when there is no feed yet or one is damaged; 3 when the store cannot be read.

Examples:
  $ lockstep feed list facilities
  $ lockstep feed list facilities --runs 50
  $ lockstep feed list facilities --json`,
    )
    .action(async (flow: string, { json = false, ...rest }: ListOptions) => {
      const { listPublished } = await import('../actions/list-feeds.js')
      await finish(listPublished(io, { ...rest, flow, json }))
    })
}

interface ShowOptions extends Options {
  readonly keys: number
}

function showCommand(io: Io, finish: Finish): Command {
  return new Command('show')
    .summary('one feed or run: its files, and which rows were rejected and why')
    .description(
      "Shows a published feed with its files, and the report of its run: how many rows were rejected for which reason, and the keys of the first of them. Reports are in the config's state database.",
    )
    .argument('<flow>', 'name of a feed flow in the config')
    .argument('[feed]', 'number of a feed, its manifest, or a run as `feed list` has it; default the newest feed')
    .option('--keys <n>', 'keys to show of each reason', wholeNumber, 10)
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
--json has all keys that are kept (history: { keepKeys }).

Examples:
  $ lockstep feed show facilities
  $ lockstep feed show facilities 41 --keys 100
  $ lockstep feed show facilities 3f9c2a71d04b5e68 --json | jq -r '.report.reasons[] | .keys[][0]'`,
    )
    .action(async (flow: string, subject: string | undefined, { json = false, ...rest }: ShowOptions) => {
      const { showFeed } = await import('../actions/show-feed.js')
      await finish(showFeed(io, { ...rest, flow, json, ...(subject === undefined ? {} : { subject }) }))
    })
}

function verifyCommand(io: Io, finish: Finish): Command {
  return new Command('verify')
    .summary('read a published feed again, whole')
    .description(
      'Reads every file of a feed again and compares its size, sha256 and number of rows with the manifest. Changes nothing.',
    )
    .argument('<flow|manifest>', 'name of a feed flow in the config (its newest feed), or the path of a manifest')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Exits with 0 when every file is whole and as it was written, 5 when one is not, 3 when the store cannot be read.

Examples:
  $ lockstep feed verify facilities
  $ lockstep feed verify out/facilities-00000042.manifest.json`,
    )
    .action(async (subject: string, { json = false, ...rest }: Options) => {
      const { verifyFeed } = await import('../actions/verify-feed.js')
      await finish(verifyFeed(io, { ...rest, subject, json }))
    })
}

interface DiffOptions extends Options {
  readonly key?: string
  readonly moreInfo?: boolean
  readonly limit: number
}

function diffCommand(io: Io, finish: Finish): Command {
  return new Command('diff')
    .summary('say what changed between two published feeds')
    .description(
      'Compares two feeds of JSON or NDJSON row by row, in flat memory: what was added, removed and changed.',
    )
    .argument('<left>', 'a feed flow (its newest feed), flow@sequence, or the path of a manifest')
    .argument('<right>', 'the same; what is only here was added')
    .option(
      '--key <fields>',
      'fields that tell a row from all others, with commas between; default what the manifest says',
    )
    .option('--more-info', 'also the keys, and the fields that differ')
    .option('--limit <n>', 'differences that are shown', wholeNumber, 100)
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Exits as diff(1) does: 0 the same, 1 different, 2 and above trouble.

Examples:
  $ lockstep feed diff facilities@41 facilities
  $ lockstep feed diff out/a-00000041.manifest.json out/a-00000042.manifest.json --key entity_id --more-info`,
    )
    .action(async (left: string, right: string, options: DiffOptions) => {
      const { json = false, moreInfo = false, key, ...rest } = options
      const { diffPublished } = await import('../actions/diff-feeds.js')
      const fields = key === undefined ? {} : { key: key.split(',') }
      await finish(diffPublished(io, { ...rest, ...fields, left, right, json, moreInfo }))
    })
}
