import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { type LetterOptions, letterOptions } from '../letters/letter-options.js'
import { configOption, jsonOption, logLevelOption, wholeNumber } from '../options.js'

interface ListOptions extends LetterOptions {
  readonly limit: number
  readonly json?: boolean
  readonly config?: string
}

interface ShowOptions {
  readonly full?: boolean
  readonly payload?: boolean
  readonly json?: boolean
  readonly config?: string
}

interface ChangeOptions extends LetterOptions {
  readonly all?: boolean
  readonly yes?: boolean
  readonly json?: boolean
  readonly config?: string
  readonly logLevel?: string
}

export function deadLettersCommand(io: Io, finish: Finish): Command {
  const command = new Command('dead-letters')
    .summary('list, show, replay or discard what could not be stored')
    .description('Items that could not be stored, kept with the reason: list, show, replay or discard them.')
    .addHelpText(
      'after',
      `
Letters are \`dead\` (they wait for you), \`held\` (the flow itself tries them again), \`replayed\` or \`discarded\`.

Examples:
  $ lockstep dead-letters list
  $ lockstep dead-letters list scans --code schema-invalid --since 2h
  $ lockstep dead-letters show scans 1f0c9a72be5d4410
  $ lockstep dead-letters replay scans --code schema-invalid
  $ lockstep dead-letters discard scans 1f0c9a72be5d4410
  $ lockstep dead-letters help replay`,
    )
  for (const make of [listCommand, showCommand, replayCommand, discardCommand]) command.addCommand(make(io, finish))
  return command
}

function listCommand(io: Io, finish: Finish): Command {
  const command = new Command('list')
    .description('Lists letters by when they failed first. What is in them is not shown.')
    .argument('[flow]', 'name of a flow in the config; default all')
  for (const option of letterOptions()) command.addOption(option)
  return command
    .option('--limit <letters>', 'how many to show', wholeNumber, 100)
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lockstep dead-letters list scans --stage decode,validate
  $ lockstep dead-letters list --state replayed --since 7d --json | jq '.letters[].id'`,
    )
    .action(async (flow: string | undefined, { json = false, ...rest }: ListOptions) => {
      const { listLetters } = await import('../actions/list-letters.js')
      await finish(listLetters(io, { ...rest, json, ...(flow === undefined ? {} : { flow }) }))
    })
}

function showCommand(io: Io, finish: Finish): Command {
  return new Command('show')
    .description('Shows all of one letter: why it failed, headers and payload.')
    .argument('<flow>', 'name of a flow in the config')
    .argument('<id>', 'as listed')
    .option('--full', 'the whole payload instead of its first 4 KiB')
    .option('--payload', 'write nothing but the payload, byte by byte')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
The payload may hold anything that was sent: control characters are shown as escapes, what is no text as a hex dump.

Examples:
  $ lockstep dead-letters show scans 1f0c9a72be5d4410
  $ lockstep dead-letters show scans 1f0c9a72be5d4410 --payload | jq .`,
    )
    .action(async (flow: string, id: string, options: ShowOptions) => {
      const { json = false, full = false, payload = false, ...rest } = options
      const { showLetter } = await import('../actions/show-letter.js')
      await finish(showLetter(io, { ...rest, flow, id, json, full, payload }))
    })
}

function replayCommand(io: Io, finish: Finish): Command {
  return changing('replay')
    .description('Sends letters through the whole flow again, as it is now; what is stored is marked `replayed`.')
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      `
The flow may be running at the same time. Exits with 0 when all were stored and with 5 when some failed again; these stay.

Examples:
  $ lockstep dead-letters replay scans 1f0c9a72be5d4410 7be2a4c1d0995e3f
  $ lockstep dead-letters replay scans --code schema-invalid --since 2h
  $ lockstep dead-letters replay scans --all`,
    )
    .action(async (flow: string, ids: string[], { json = false, all = false, ...rest }: ChangeOptions) => {
      const { replayLetters } = await import('../actions/replay-letters.js')
      await finish(replayLetters(io, { ...rest, flow, ids, all, json }))
    })
}

function discardCommand(io: Io, finish: Finish): Command {
  return changing('discard')
    .description(
      'Gives letters up: they are kept, marked `discarded`, and no longer counted. They can still be replayed.',
    )
    .option('--yes', 'do not ask; needed without ids where nobody can be asked')
    .addHelpText(
      'after',
      `
Examples:
  $ lockstep dead-letters discard scans 1f0c9a72be5d4410
  $ lockstep dead-letters discard scans --code json-invalid --until 30d --yes
  $ lockstep dead-letters discard scans --all`,
    )
    .action(async (flow: string, ids: string[], options: ChangeOptions) => {
      const { json = false, all = false, yes = false, ...rest } = options
      const { discardLetters } = await import('../actions/discard-letters.js')
      await finish(discardLetters(io, { ...rest, flow, ids, all, yes, json }))
    })
}

/** What replay and discard have in common: which letters they are about. */
function changing(name: string): Command {
  const command = new Command(name)
    .argument('<flow>', 'name of a flow in the config')
    .argument('[id...]', 'letters as listed')
  for (const option of letterOptions()) command.addOption(option)
  return command
    .option('--all', 'every letter that is dead or held; must be said when there are neither ids nor filters')
    .addOption(jsonOption())
    .addOption(configOption())
}
