import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { alertCommand } from './commands/alert.js'
import { checkCommand } from './commands/check.js'
import { deadLettersCommand } from './commands/dead-letters.js'
import { demoCommand } from './commands/demo.js'
import { doctorCommand } from './commands/doctor.js'
import { eventsCommand } from './commands/events.js'
import { feedCommand } from './commands/feed.js'
import { grantsCommand } from './commands/grants.js'
import { initCommand } from './commands/init.js'
import { loadCommand } from './commands/load.js'
import { runCommand } from './commands/run.js'
import { serveCommand } from './commands/serve.js'
import { statusCommand } from './commands/status.js'
import { workerCommand } from './commands/worker.js'
import { EXIT_CODES_HELP } from './exit-codes.js'
import type { Finish } from './finish.js'
import type { Io } from './io.js'

/**
 * The command line. Only commander is loaded here: what a command needs is imported when it runs, so that `--help` is
 * there at once.
 */
export function createProgram(io: Io, finish: Finish): Command {
  const program = new Command('lockstep')
    .description('Moves, mirrors, publishes and verifies records between databases, and proves that nothing was lost.')
    .version(packageJson.version, '-V, --version')
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .showHelpAfterError('(see --help)')
    // `check` has options and commands below it: what follows one of these is its own. Inherited by all.
    .enablePositionalOptions()
    .addHelpText('after', PROGRAM_HELP)
  const commands = [
    initCommand(io, finish),
    doctorCommand(io, finish),
    runCommand(io, finish),
    workerCommand(io, finish),
    serveCommand(io, finish),
    statusCommand(io, finish),
    eventsCommand(io, finish),
    deadLettersCommand(io, finish),
    checkCommand(io, finish),
    feedCommand(io, finish),
    loadCommand(io, finish),
    grantsCommand(io, finish),
    alertCommand(io, finish),
    demoCommand(io, finish),
  ]
  for (const command of commands) program.addCommand(command)
  settle(program)
  return program
}

function settle(command: Command): void {
  command.exitOverride()
  for (const inner of command.commands) settle(inner.copyInheritedSettings(command))
}

const PROGRAM_HELP = `
Examples:
  $ lockstep init                          write a config to start from
  $ lockstep doctor                        is everything in place?
  $ lockstep run                           run all flows
  $ lockstep check mirror --more-info      compare the two sides of one flow
  $ lockstep help run                      all about one command

${EXIT_CODES_HELP}

Environment:
  NO_COLOR, FORCE_COLOR   colours off, on
  LOCKSTEP_LOG_LEVEL      what to log, where --log-level does not say it
  LOCKSTEP_TOKEN          what clients of serve and run --serve must send
  LOCKSTEP_DEBUG=1        stacks below errors`
