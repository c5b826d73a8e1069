import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import type { LetterFilter } from '../../core/dead-letter.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { type Choice, chosenLetters } from '../letters/chosen-letters.js'
import { countLetters, letterPages, storesOf } from '../letters/letters-of.js'
import { withConfig } from '../open-config.js'
import { plural } from '../render/format.js'

export interface DiscardArguments extends Choice {
  readonly flow: string
  /** Do not ask. */
  readonly yes: boolean
  readonly config?: string
  readonly json: boolean
}

/** Gives letters up: they stay, marked, and are no longer counted. */
export async function discardLetters(io: Io, args: DiscardArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    for (const flow of selectFlows(config, [args.flow])) {
      const filter = await chosenLetters(flow, args)
      if (args.ids.length === 0 && !args.yes && !(await confirmed(io, flow, filter))) {
        io.err('nothing was discarded')
        return EXIT.ok
      }
      const { letters, discarded } = await discard(flow, filter)
      io.out(args.json ? toJson({ flow: flow.name, letters, discarded }) : text(flow.name, letters, discarded))
    }
    return EXIT.ok
  })
}

function text(flow: string, letters: number, discarded: number): string {
  const missed = letters - discarded
  const again = missed > 0 ? `; ${plural(missed, 'letter')} failed again in the meantime and stayed` : ''
  return `${flow}: ${plural(discarded, 'dead letter')} discarded${again}`
}

async function discard(flow: NamedFlow, filter: LetterFilter): Promise<{ letters: number; discarded: number }> {
  let letters = 0
  let discarded = 0
  for (const store of storesOf(flow)) {
    for await (const page of letterPages(store, flow.name, filter)) {
      letters += page.length
      discarded += await store.mark(flow.name, page, 'discarded')
    }
  }
  return { letters, discarded }
}

/** Who asks without a person at the terminal is told how many it would be. */
async function confirmed(io: Io, flow: NamedFlow, filter: LetterFilter): Promise<boolean> {
  const letters = plural(await countLetters(flow, filter), 'dead letter')
  if (io.ask !== undefined) return /^y(es)?$/i.test((await io.ask(`discard ${letters} of ${flow.name}? [y/N] `)).trim())
  throw new ConfigError({
    code: 'letters-unconfirmed',
    key: `flows.${flow.name}`,
    message: `this would discard ${letters}`,
    fix: 'say --yes, or name letters by their ids',
  })
}
