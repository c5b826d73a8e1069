import { Command } from 'commander'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption } from '../options.js'

interface Options {
  readonly json?: boolean
  readonly config?: string
}

export function alertCommand(io: Io, finish: Finish): Command {
  const alert = new Command('alert')
    .summary('see whether alerts arrive')
    .description(
      'Alerts are sent by run and check, as `alerts` of the config says; this sends one to see that it arrives.',
    )
    .addHelpText('after', HELP)
  alert.addCommand(testCommand(io, finish))
  return alert
}

function testCommand(io: Io, finish: Finish): Command {
  return new Command('test')
    .summary('send a test message')
    .description('Sends a message that says it is a test wherever the alerts of the flows go, and says what came back.')
    .argument('[flow...]', 'names of flows in the config; default all')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText('after', HELP)
    .action(async (flows: string[], { json = false, ...rest }: Options) => {
      const { testAlert } = await import('../actions/test-alert.js')
      await finish(testAlert(io, { ...rest, flows, json }))
    })
}

const HELP = `
Exits with 0 when it arrived everywhere, 3 when it did not, 2 when alerts go nowhere.

Examples:
  $ lockstep alert test
  $ lockstep alert test blobs --json`
