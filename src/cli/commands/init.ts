import { Command, Option } from 'commander'
import { TEMPLATE_NAMES, type TemplateName } from '../actions/templates.js'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'

interface Options {
  readonly template: TemplateName
  readonly force?: boolean
}

export function initCommand(io: Io, finish: Finish): Command {
  return new Command('init')
    .summary('write a config to start from')
    .description(
      'Writes lockstep.config.ts, what it imports and .env.example to this folder. Files that exist stay, unless --force is given.',
    )
    .addOption(new Option('--template <name>', 'what the config is for').choices(TEMPLATE_NAMES).default('sync'))
    .option('--force', 'overwrite files that exist')
    .addHelpText(
      'after',
      `
Examples:
  $ lockstep init
  $ lockstep init --template check
  $ lockstep init --template ingest`,
    )
    .action(async ({ template, force = false }: Options) => {
      const { init } = await import('../actions/init.js')
      await finish(init(io, { template, force }))
    })
}
