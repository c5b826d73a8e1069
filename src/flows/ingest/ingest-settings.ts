import type { DeadLetterStore } from '../../core/dead-letter.js'
import { ConfigError } from '../../core/errors.js'
import type { MessageTarget } from '../../core/stream.js'
import { type Destination, destinationOf } from './destination.js'
import { parseOptions, type Settings } from './settings.js'

/** Letters that can be listed and replayed, or a place they only go to. */
export type LetterPlace =
  | { readonly kind: 'store'; readonly store: DeadLetterStore }
  | { readonly kind: 'target'; readonly target: MessageTarget }

/** All that an `ingest` knows before it runs. */
export type IngestSettings = Omit<Settings, 'into' | 'deadLetters'> & {
  readonly destination: Destination
  readonly letters: LetterPlace
}

/** Throws `ConfigError` for options that are wrong, or do not go together. */
export function ingestSettings(options: unknown): IngestSettings {
  const { into, deadLetters, ...settings } = parseOptions(options)
  const destination = destinationOf(into)
  const letters = placeOf(deadLetters ?? destination.database.state.deadLetters)
  if (settings.orphans === 'hold' && letters.kind === 'target') {
    throw new ConfigError({
      code: 'hold-without-store',
      key: 'ingest({ orphans })',
      message: `held messages are tried again, and nothing can be read back from ${letters.target.label}`,
      fix: "leave `deadLetters` out, so that letters are kept in the database; or use `orphans: 'dead-letter'`",
    })
  }
  return { ...settings, destination, letters }
}

function placeOf(place: MessageTarget | DeadLetterStore): LetterPlace {
  return 'open' in place ? { kind: 'target', target: place } : { kind: 'store', store: place }
}
