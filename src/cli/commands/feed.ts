import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption } from '../options.js'

interface Options {
  readonly json?: boolean
  readonly config?: string
}

export function feedCommand(io: Io, finish: Finish): Command {
  return new Command('feed')
    .summary('look at what was published')
    .description('Looks at what feed flows have published; `lockstep run <flow>` publishes.')
    .addCommand(verifyCommand(io, finish))
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
