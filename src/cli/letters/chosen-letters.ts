import type { NamedFlow } from '../../config/select-flows.js'
import type { LetterFilter } from '../../core/dead-letter.js'
import { ConfigError } from '../../core/errors.js'
import { filterOf, type LetterOptions } from './letter-options.js'
import { letterPages, storesOf } from './letters-of.js'

/** Which letters a command that changes something is about. */
export interface Choice extends LetterOptions {
  readonly ids: readonly string[]
  /** Without ids and filters it must be said that all are meant. */
  readonly all: boolean
}

/** The filter for what was chosen. Throws `ConfigError` when nothing was, or when an id is not there. */
export async function chosenLetters(flow: NamedFlow, choice: Choice): Promise<LetterFilter> {
  const filter = filterOf(choice)
  if (choice.ids.length === 0) {
    if (!choice.all && Object.keys(filter).length === 0) throw nothingChosen(flow.name)
    return filter
  }
  const ids = new Set(choice.ids)
  const named = { ...filter, ids: [...ids] }
  for (const store of storesOf(flow)) {
    for await (const page of letterPages(store, flow.name, named)) for (const { id } of page) ids.delete(id)
  }
  const [unknown] = ids
  if (unknown !== undefined) throw letterUnknown(flow.name, unknown)
  return named
}

export function letterUnknown(flow: string, id: string): ConfigError {
  return new ConfigError({
    code: 'letter-unknown',
    key: `flows.${flow}`,
    message: `there is no such dead letter: ${id}`,
    fix: `see \`lockstep dead-letters list ${flow}\`; those replayed or discarded are only found with --state`,
  })
}

function nothingChosen(flow: string): ConfigError {
  return new ConfigError({
    code: 'letters-not-chosen',
    key: `flows.${flow}`,
    message: 'no letters were named',
    fix: 'give ids, a filter such as --code, or --all',
  })
}
