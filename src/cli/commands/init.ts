import { Command, Option } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'

interface Options {
  readonly template: 'sync' | 'check'
  readonly force?: boolean
}

export function initCommand(io: Io, finish: Finish): Command {
  return new Command('init')
    .summary('write a config to start from')
    .description(
      'Writes lockstep.config.ts and .env.example to this folder. Files that exist stay, unless --force is given.',
    )
    .addOption(new Option('--template <name>', 'what the config is for').choices(['sync', 'check']).default('sync'))
    .option('--force', 'overwrite files that exist')
    .addHelpText(
      'after',
      `
Examples:
  $ lockstep init
  $ lockstep init --template check`,
    )
    .action(async ({ template, force = false }: Options) => {
      const { init } = await import('../actions/init.js')
      await finish(init(io, { template, force }))
    })
}
