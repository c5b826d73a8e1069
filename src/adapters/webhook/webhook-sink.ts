import type { AlertMessage, AlertSink } from '../../core/alert.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import { ConfigError, LockstepError, UnavailableError } from '../../core/errors.js'
import { jsonBody, slackBody } from './body.js'
import type { Resolve } from './lookup.js'
import type { WebhookSettings } from './options.js'
import { type Answer, knock, post } from './post.js'
import { signature } from './signature.js'

const SHOWN_CHARACTERS = 200
/** Shorter parts of an address are in many a text. */
const SECRET_CHARACTERS = 4

export class WebhookSink implements AlertSink {
  readonly label: string
  readonly #settings: WebhookSettings
  readonly #resolve: Resolve

  constructor(settings: WebhookSettings, resolve: Resolve) {
    this.label = `webhook ${settings.origin}`
    this.#settings = settings
    this.#resolve = resolve
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<string> {
    const settings = this.#settings
    const body = settings.format === 'slack' ? slackBody(message) : jsonBody(message)
    const headers = {
      ...Object.fromEntries(Object.entries(settings.headers).map(([name, value]) => [name, value.reveal()])),
      'content-type': 'application/json',
      'user-agent': 'lockstep',
      'lockstep-delivery': message.id,
      ...(settings.secret === undefined ? {} : { 'lockstep-signature': signature(body, settings.secret, Date.now()) }),
    }
    const answer = await post({ body, headers }, { settings, resolve: this.#resolve, signal })
    if (answer.status >= 200 && answer.status < 300) return this.#said(answer)
    throw this.#refused(answer)
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const subject = this.label
    try {
      await knock(this.#settings, this.#resolve, signal)
      return [{ level: 'ok', subject, message: 'can be reached; `lockstep alert test` sends a message' }]
    } catch (error) {
      if (error instanceof ConfigError) return [{ level: 'error', subject, message: error.problem, fix: error.fix }]
      if (!(error instanceof LockstepError)) throw error
      return [
        { level: 'warn', subject, message: error.message, fix: 'make it reachable: alerts do not arrive meanwhile' },
      ]
    }
  }

  #refused(answer: Answer): LockstepError {
    const { origin } = this.#settings
    const said = `${origin} answered ${this.#said(answer)}`
    const { status } = answer
    if (status >= 500 || status === 408 || status === 425 || status === 429) {
      return new UnavailableError('webhook-failed', said)
    }
    const key = `webhook(${origin})`
    if (status >= 300 && status < 400) {
      return new ConfigError({
        code: 'webhook-redirects',
        key,
        message: `${origin} answered ${this.#said(answer)}, and redirects are not followed`,
        fix: 'give the address that it redirects to',
      })
    }
    return new ConfigError({
      code: 'webhook-refused',
      key,
      message: `${origin} answered ${this.#said(answer)}`,
      fix: 'correct the address, or what the receiver expects',
    })
  }

  /** `200 ok`: in one line of printable characters, and without what the receiver repeats of our secrets. */
  #said({ status, text }: Answer): string {
    const secrets = this.#secrets()
    const clean = secrets.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text)
    const line = clean.replace(/[^\x20-\x7e]+/g, ' ').trim()
    return `${status} ${line.slice(0, SHOWN_CHARACTERS)}`.trim()
  }

  /** The longest first, so that none is cut up by a shorter one. */
  #secrets(): readonly string[] {
    const { url, secret, headers } = this.#settings
    const { pathname, search, searchParams } = new URL(url.reveal())
    const parts = [
      `${pathname}${search}`,
      pathname,
      search,
      ...pathname.split('/'),
      ...searchParams.values(),
      ...(secret === undefined ? [] : [secret.reveal()]),
      ...Object.values(headers).flatMap((value) => [value.reveal(), ...value.reveal().split(' ')]),
    ]
    const all = parts.flatMap((part) => [part, encodeURIComponent(part), decoded(part)])
    return [...new Set(all)].filter((part) => part.length >= SECRET_CHARACTERS).toSorted((a, b) => b.length - a.length)
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
