import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'
import type { TlsOptions } from './address.js'
import type { Limits } from './live-client.js'

/** Settings of a MySQL or MariaDB database; each has a default that suits a busy production server. */
export interface MysqlOptions {
  /** Connections that read, at most, and as many that write; two more are for health and state. Default 10. */
  readonly maxConnections?: number
  /** Time to connect and log in, in ms. Default 5000. */
  readonly connectMs?: number
  /**
   * Time for one statement, in ms, for the client and for the server (`max_statement_time` of MariaDB; MySQL's
   * `max_execution_time` ends SELECTs only). Default 30000.
   */
  readonly statementMs?: number
  /** Time to wait for a lock, in ms, rounded up to seconds (`innodb_lock_wait_timeout`). Default 10000. */
  readonly lockMs?: number
  /** Time a transaction may sit idle, in ms, rounded up to seconds; MariaDB only. Default 60000; those that write end after 10000. */
  readonly idleTransactionMs?: number
  /**
   * Default `false`: connections to other machines are encrypted and the certificate and its host name are checked.
   * `true`: encrypted, but whoever answers is trusted. `'plaintext'`: not encrypted, passwords and rows can be read on
   * the way. A URL's `ssl-mode` never weakens this.
   */
  readonly insecureTls?: boolean | 'plaintext'
  /** PEM text of the certificate authorities to trust; default those of Node. */
  readonly ca?: string
}

export interface Settings {
  readonly maxConnections: number
  readonly limits: Limits
  readonly tls: TlsOptions
}

const ms = z.number().int().min(1).max(2_147_483_647)

const Options = z.strictObject({
  maxConnections: z.number().int().min(1).max(1000).default(10),
  connectMs: ms.default(5_000),
  statementMs: ms.default(30_000),
  lockMs: ms.default(10_000),
  idleTransactionMs: ms.default(60_000),
  insecureTls: z.union([z.boolean(), z.literal('plaintext')]).default(false),
  ca: z.string().includes('-----BEGIN CERTIFICATE-----', 'PEM text with -----BEGIN CERTIFICATE-----').optional(),
})

/** Fills in defaults; a `ConfigError` names the option that is wrong. */
export function parseOptions(options: MysqlOptions): Settings {
  const { success, data, error } = Options.safeParse(options)
  if (!success) throw invalid(error)
  const { maxConnections, connectMs, statementMs, lockMs, idleTransactionMs, insecureTls, ca } = data
  return {
    maxConnections,
    limits: { connectMs, statementMs, lockMs, idleTransactionMs },
    tls: { insecureTls, ...(ca === undefined ? {} : { ca }) },
  }
}

function invalid(error: z.ZodError): ConfigError {
  const [first] = error.issues
  const key = first?.code === 'unrecognized_keys' ? first.keys[0] : first?.path[0]
  return new ConfigError({
    code: 'option-invalid',
    key: `mysql(url, { ${String(key ?? 'options')} })`,
    message: first?.message ?? 'is not valid',
    fix:
      first?.code === 'unrecognized_keys'
        ? `Remove it; known are ${Object.keys(Options.shape).join(', ')}.`
        : 'Correct the option; its default is in the documentation of mysql().',
  })
}
