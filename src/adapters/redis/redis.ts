import { z } from 'zod'
import type { VersionCache } from '../../core/cache.js'
import { ConfigError } from '../../core/errors.js'
import { Secret } from '../../core/secret.js'
import { parseAddress } from './address.js'
import { RedisCache } from './redis-cache.js'

export interface RedisOptions {
  /** How long a version is remembered after it was stored, in ms. Default one day. */
  readonly ttlMs?: number
  /** Before each key. Default `lockstep:`. */
  readonly prefix?: string
  /** Time for an answer, in ms; then the flow goes on without. Default 250. */
  readonly timeoutMs?: number
  /** After a failure the server is not asked for so long, in ms. Default 1000. */
  readonly pauseMs?: number
  /** PEM text of the certificate authorities to trust; default those of Node. */
  readonly ca?: string
}

const ms = z.number().int().min(1).max(2_147_483_647)

const Options = z.strictObject({
  ttlMs: z
    .number()
    .int()
    .min(1)
    .default(24 * 60 * 60 * 1_000),
  prefix: z.string().default('lockstep:'),
  timeoutMs: ms.default(250),
  pauseMs: ms.default(1_000),
  ca: z.string().includes('-----BEGIN CERTIFICATE-----', 'PEM text with -----BEGIN CERTIFICATE-----').optional(),
})

/**
 * Remembers in one Redis server (not a cluster) which versions are stored; the package `ioredis` must be installed. It
 * connects on first use and may be away at any time, which costs speed only. Empty it after the database was restored
 * from a backup: it would know rows to be stored that are not.
 *
 * @param url `redis://user:password@host:6379/0`, or `rediss://` for TLS (certificate and host name are checked).
 * @throws ConfigError when the URL or an option is wrong.
 */
export function redis(url: string | Secret, options: RedisOptions = {}): VersionCache {
  const { success, data, error } = Options.safeParse(options)
  if (!success) throw invalid(error)
  const { ca, ...settings } = data
  return new RedisCache(parseAddress(typeof url === 'string' ? new Secret(url) : url, ca), settings)
}

function invalid(error: z.ZodError): ConfigError {
  const [first] = error.issues
  const key = first?.code === 'unrecognized_keys' ? first.keys[0] : first?.path[0]
  return new ConfigError({
    code: 'option-invalid',
    key: `redis(url, { ${String(key ?? 'options')} })`,
    message: first?.message ?? 'is not valid',
    fix:
      first?.code === 'unrecognized_keys'
        ? `Remove it; known are ${Object.keys(Options.shape).join(', ')}.`
        : 'Correct the option; its default is in the documentation of redis().',
  })
}
