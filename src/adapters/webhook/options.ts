import { z } from 'zod'
import { ConfigError } from '../../core/errors.js'
import { Secret } from '../../core/secret.js'
import { addressKind } from './address-rules.js'

/** Options of `webhook`. */
export interface WebhookOptions {
  /** `slack`: what Slack, Mattermost and Rocket.Chat take. `json`: for programs, documented in the guide. Default `slack`. */
  readonly format?: 'slack' | 'json'
  /** Signs each message (HMAC-SHA256, header `lockstep-signature`), so that the receiver knows whom it is from. */
  readonly secret?: string | Secret
  /** Sent with each message: `{ authorization: 'Bearer ...' }`. Never printed. */
  readonly headers?: Readonly<Record<string, string>>
  /** Hosts it may send to, `*.example.com` for all below one. Default: the host of the address. */
  readonly allow?: readonly string[]
  /**
   * Also sends into private networks and to this machine; there, on loopback, without TLS too. Default `false`. What hands
   * out credentials (link-local addresses) is never sent to.
   */
  readonly allowPrivate?: boolean
  /** PEM of the authorities to trust. Default: those that Node trusts. */
  readonly ca?: string
  /** For each attempt, in ms. Default 10,000. */
  readonly timeoutMs?: number
}

const Options = z.strictObject({
  format: z.enum(['slack', 'json']).default('slack'),
  secret: z.union([z.string().min(1), z.instanceof(Secret)]).optional(),
  headers: z
    .record(
      z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not the name of a header'),
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they end a header.
      z.string().regex(/^[^\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]*$/, 'is not the value of a header'),
    )
    .default({}),
  allow: z.array(z.string().min(1)).min(1).optional(),
  allowPrivate: z.boolean().default(false),
  ca: z.string().min(1).optional(),
  timeoutMs: z.number().int().min(1).max(60_000).default(10_000),
})

export interface WebhookSettings {
  readonly url: Secret
  /** `https://hooks.slack.com`: all of the address that may be printed. */
  readonly origin: string
  readonly format: 'slack' | 'json'
  readonly secret: Secret | undefined
  readonly headers: Readonly<Record<string, Secret>>
  readonly allowPrivate: boolean
  readonly ca: string | undefined
  readonly timeoutMs: number
}

/** A `ConfigError` names the option that is wrong, and no part of the address beyond its host. */
export function parseWebhook(given: string | Secret, options: WebhookOptions): WebhookSettings {
  const { success, data, error } = Options.safeParse(options)
  if (!success) throw invalid(error)
  const { secret, headers, allow, ...rest } = data
  const text = typeof given === 'string' ? given : given.reveal()
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw problem('url', 'is no address', "give one: webhook(env('ALERT_URL'))")
  checkUrl(url, rest.allowPrivate)
  checkHost(url, allow)
  return {
    ...rest,
    url: new Secret(url.href),
    origin: url.origin,
    secret: typeof secret === 'string' ? new Secret(secret) : secret,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, new Secret(value)])),
    ca: rest.ca,
  }
}

function checkUrl(url: URL, allowPrivate: boolean): void {
  if (url.username !== '' || url.password !== '') {
    throw problem('url', 'holds a user or a password', 'send them in a header: headers: { authorization }')
  }
  const plain = url.protocol === 'http:'
  if (url.protocol !== 'https:' && !plain) {
    throw problem('url', `is of ${url.protocol} and not of https:`, 'give an address that begins with https://')
  }
  if (plain && !(allowPrivate && isLoopback(hostOf(url)))) {
    const fix = 'use https://; http:// is for receivers on this machine, with allowPrivate: true'
    throw problem('url', `is not encrypted (${url.origin})`, fix)
  }
  const literal = addressKind(hostOf(url))
  if (literal !== undefined) {
    const refused = refusal(literal, { allowPrivate, plain })
    if (refused !== undefined) throw problem('url', `${hostOf(url)} ${refused.message}`, refused.fix)
  }
}

function checkHost(url: URL, allow: readonly string[] | undefined): void {
  const host = hostOf(url)
  const allowed = allow ?? [host]
  const matches = (pattern: string): boolean =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1).toLowerCase()) : host === pattern.toLowerCase()
  if (!allowed.some(matches))
    throw problem('url', `${host} is not among the hosts of allow`, 'correct the address, or add its host to allow')
}

/** Without brackets and without the dot that may stand at its end. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || addressKind(host) === 'loopback'
}

/** Why nothing may be sent to an address of this kind; `undefined`: it may. */
export function refusal(
  kind: ReturnType<typeof addressKind>,
  { allowPrivate, plain }: { readonly allowPrivate: boolean; readonly plain: boolean },
): { readonly message: string; readonly fix: string } | undefined {
  if (kind === undefined || kind === 'never') {
    return { message: 'is an address that nothing is ever sent to', fix: 'name a host with an address of its own' }
  }
  if (plain && kind !== 'loopback') {
    return { message: 'is not on this machine, so it must be encrypted', fix: 'use https://' }
  }
  if (allowPrivate || kind === 'public') return undefined
  const where = kind === 'loopback' ? 'is this machine' : 'is in a private network'
  return { message: where, fix: 'when that is meant, say allowPrivate: true' }
}

function invalid(error: z.ZodError): ConfigError {
  const [first] = error.issues
  const unknown = first?.code === 'unrecognized_keys' ? first.keys[0] : undefined
  const key = unknown ?? first?.path.map(String).join('.') ?? 'options'
  const fix =
    unknown === undefined ? 'correct the option' : `remove it; known are ${Object.keys(Options.shape).join(', ')}`
  return problem(key, unknown === undefined ? (first?.message ?? 'is not valid') : 'is no option', fix)
}

function problem(option: string, message: string, fix: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key: `webhook(${option})`, message, fix })
}
