import { inspect } from 'node:util'

const REDACTED = '[redacted]'

/** A value that never prints. Only `reveal` gives it out, and only adapters call that, where a client needs it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}

/** Removes the credentials of every `scheme://user:password@` in a text, and `password=...` of key-value strings. */
export function scrub(text: string): string {
  // Most texts hold neither, and are not read letter by letter.
  const addressed = text.includes('://') ? text.replace(ADDRESS, `$1${REDACTED}@`) : text
  return addressed.includes('=') ? addressed.replace(SETTING, `$1=${REDACTED}`) : addressed
}

/** No scheme is that long; without a bound a long word would be read from each of its letters to its end. */
const ADDRESS = /([a-z][a-z0-9+.-]{0,40}:\/\/)[^\s/?#@]*(?:@[^\s/?#@]*)*@/gi
const SETTING = /\b(password|pwd|passwd|secret|token)=("[^"]*"|'[^']*'|[^\s&;]+)/gi
