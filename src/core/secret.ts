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
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*(?:@[^\s/?#@]*)*@/gi, `$1${REDACTED}@`)
    .replace(/\b(password|pwd|passwd|secret|token)=("[^"]*"|'[^']*'|[^\s&;]+)/gi, `$1=${REDACTED}`)
}
