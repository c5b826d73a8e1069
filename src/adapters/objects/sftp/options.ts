import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'
import { Secret } from '../../../core/secret.js'
import { parseBucketOptions } from '../bucket/options.js'

/** How the server proves who it is. */
type HostKey =
  | {
      /** Fingerprints as `ssh-keygen -lf` prints them, `SHA256:...`; one of them must be the server's. */
      readonly hostKey: string | readonly string[]
      readonly knownHosts?: never
      readonly insecureHostKey?: never
    }
  | {
      /** Path of a file as OpenSSH keeps it; the server must be in it. */
      readonly knownHosts: string
      readonly hostKey?: never
      readonly insecureHostKey?: never
    }
  | {
      /** Whoever answers is taken for the server, and may read and change everything; `doctor` warns. */
      readonly insecureHostKey: true
      readonly hostKey?: never
      readonly knownHosts?: never
    }

/** How we do. */
type Login =
  | {
      /** Text of the key. */
      readonly privateKey: string | Secret
      readonly passphrase?: string | Secret
      readonly agent?: never
      readonly password?: never
    }
  | {
      /** Path of the socket of an agent, as in `SSH_AUTH_SOCK`. */
      readonly agent: string
      readonly privateKey?: never
      readonly passphrase?: never
      readonly password?: never
    }
  | {
      readonly password: string | Secret
      readonly privateKey?: never
      readonly passphrase?: never
      readonly agent?: never
    }

/** Options of `sftp`. */
export type SftpOptions = HostKey &
  Login & {
    readonly host: string
    /** Default 22. */
    readonly port?: number
    readonly user: string
    /** Folder on the server, from where the login leads to or from `/`. It is made, but not those above it. Default `.`. */
    readonly path?: string
    /** Time for one step, such as connecting or sending half a megabyte, in ms. Default 60,000. */
    readonly timeoutMs?: number
    /** How long a step is repeated while the server is not to be had, in ms. Default 30,000. */
    readonly retryMs?: number
  }

const ms = z.number().int().min(1).max(2_147_483_647)
const secret = z.union([z.string().min(1), z.instanceof(Secret)])
const fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'must be SHA256: and the fingerprint')

const Options = z.strictObject({
  host: z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, 'must be the name or the address of a server'),
  port: z.number().int().min(1).max(65_535).default(22),
  user: z.string().min(1),
  path: z
    .string()
    .min(1)
    .refine((path) => !path.includes('\0') && !path.split('/').includes('..'), 'no way up, and no NUL')
    .transform((path) => path.replace(/(?<=.)\/+$/, ''))
    .default('.'),
  hostKey: z.union([fingerprint, z.array(fingerprint).min(1)]).optional(),
  knownHosts: z.string().min(1).optional(),
  insecureHostKey: z.literal(true).optional(),
  privateKey: secret.optional(),
  passphrase: secret.optional(),
  agent: z.string().min(1).optional(),
  password: secret.optional(),
  timeoutMs: ms.default(60_000),
  retryMs: ms.default(30_000),
})

export type SftpSettings = z.output<typeof Options>

export function parseSftpOptions(options: SftpOptions): SftpSettings {
  const settings = parseBucketOptions('sftp', Options, options)
  const { hostKey, knownHosts, insecureHostKey, privateKey, agent, password } = settings
  if (!isOne([hostKey, knownHosts, insecureHostKey])) {
    throw oneOf(
      'hostKey, knownHosts',
      'write hostKey: the fingerprint that the owner of the server names, or knownHosts',
    )
  }
  if (!isOne([privateKey, agent, password])) throw oneOf('privateKey, agent, password', 'write one of them')
  return settings
}

function isOne(values: readonly unknown[]): boolean {
  return values.filter((value) => value !== undefined).length === 1
}

function oneOf(keys: string, fix: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key: `sftp({ ${keys} })`, message: 'exactly one is needed', fix })
}
