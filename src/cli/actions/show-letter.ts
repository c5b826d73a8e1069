import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import { LETTER_STATES } from '../../core/dead-letter.js'
import { EXIT, type ExitCode } from '../../core/errors.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { letterUnknown } from '../letters/chosen-letters.js'
import { type FoundLetter, letterPages, storesOf } from '../letters/letters-of.js'
import { withConfig } from '../open-config.js'
import { payloadBytes, renderLetter } from '../render/letter-sheet.js'
import { paint } from '../render/paint.js'

export interface ShowArguments {
  readonly flow: string
  readonly id: string
  readonly full: boolean
  /** Write nothing but the payload's bytes. */
  readonly payload: boolean
  readonly config?: string
  readonly json: boolean
}

/** Shows all of one letter, its payload too. */
export async function showLetter(io: Io, args: ShowArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const [flow] = selectFlows(config, [args.flow])
    const found = flow && (await find(flow, args.id))
    if (found === undefined) throw letterUnknown(args.flow, args.id)
    const { letter, store } = found
    if (args.payload) await io.bytes(payloadBytes(letter))
    else if (args.json) io.out(toJson({ ...letter, store: store.label }))
    else io.out(renderLetter(letter, { nowMs: Date.now(), paint: paint(io), store: store.label, full: args.full }))
    return EXIT.ok
  })
}

async function find(flow: NamedFlow, id: string): Promise<FoundLetter | undefined> {
  for (const store of storesOf(flow)) {
    for await (const [letter] of letterPages(store, flow.name, { ids: [id], states: LETTER_STATES, limit: 1 })) {
      if (letter !== undefined) return { store, letter }
    }
  }
  return undefined
}
