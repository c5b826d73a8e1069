import { Command, Option } from 'commander'
import { EVENT_LEVELS, type EventLevel } from '../../core/event-log.js'
import type { Finish } from '../finish.js'
import type { Io } from '../io.js'
import { configOption, jsonOption, wholeNumber } from '../options.js'

interface Options {
  readonly level?: EventLevel
  readonly event?: string
  readonly before?: string
  readonly limit: number
  readonly json?: boolean
  readonly config?: string
}

export function eventsCommand(io: Io, finish: Finish): Command {
  return new Command('events')
    .summary('what happened to the flows: failures and changes of state')
    .description('Lists failures and changes of state that the databases of the flows keep, newest first.')
    .argument('[flow...]', 'names of flows in the config; default all')
    .addOption(new Option('--level <level>', 'of this level and worse (default: info)').choices(EVENT_LEVELS))
    .option('--event <names>', 'only these, with commas between: failed,unavailable')
    .option('--before <id>', 'go on after this event of the list before')
    .option('--limit <events>', 'how many to show', wholeNumber, 50)
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Events: started, stopped, failed, paused, unavailable, recovered, retry, dead-letters, held, conflicts, same, different,
unverified, published, refused, warning. How long they are kept: eventLog: { keepDays, keepRows } of the config.

Examples:
  $ lockstep events
  $ lockstep events mirror --level error
  $ lockstep events --event failed,unavailable --json | jq '.events[].message'`,
    )
    .action(async (flows: string[], { json = false, event, ...rest }: Options) => {
      const { listEvents } = await import('../actions/list-events.js')
      const names = event?.split(',').map((name) => name.trim())
      await finish(listEvents(io, { ...rest, flows, json, ...(names === undefined ? {} : { event: names }) }))
    })
}
