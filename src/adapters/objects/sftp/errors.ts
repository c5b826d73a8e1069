import { ConfigError, LockstepError } from '../../../core/errors.js'
import { networkError } from '../network-errors.js'
import { credentialsRefused, type Doing, type Failed, storeRefused, storeUnavailable } from '../object-errors.js'
import type { SftpSettings } from './options.js'

/** Answers of the protocol. */
export const STATUS = { missing: 2, refused: 3, failure: 4, unsupported: 8 } as const

/** A number when the server answered; else the network's or the library's word. */
export function codeOf(error: unknown): number | string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' || typeof code === 'string' ? code : undefined
}

/** What ssh2 throws before it sends anything, as the server has not offered it. */
export function isUnsupported(error: unknown): boolean {
  return (
    codeOf(error) === STATUS.unsupported ||
    (error instanceof Error && error.message.includes('does not support this extended request'))
  )
}

/** Makes what the client threw an error that the engine can act on. */
export function translate(error: unknown, failed: Failed, settings: SftpSettings): Error {
  if (error instanceof LockstepError) return error
  const { what } = failed
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : ''
  if (code === STATUS.refused) return rightMissing(error, failed, settings)
  if (code === STATUS.missing) return storeUnavailable(what, 'the file or its folder was taken away meanwhile', error)
  if (/connect(ing)? to agent|agent/i.test(text) && settings.agent !== undefined)
    return noAgent(error, what, settings.agent)
  if (/authentication methods failed|Authentication failed/i.test(text)) return loginRefused(error, what, settings)
  if (/privateKey|passphrase/i.test(text)) return unreadableKey(error)
  const why =
    code === STATUS.failure ? 'the server failed, and does not say why; its disk may be full' : `${code ?? 'lost'}`
  return networkError(error, what) ?? storeUnavailable(what, why, error)
}

const MAY: Readonly<Record<Doing, string>> = {
  list: 'list',
  read: 'read',
  write: 'write into',
  copy: 'write into',
  delete: 'delete from',
  'list-uploads': 'list',
  'cancel-upload': 'delete from',
}

function rightMissing(cause: unknown, { what, doing }: Failed, { user, path }: SftpSettings): ConfigError {
  const fix = `let ${user} ${MAY[doing]} the folder (on the server: ls -ld, then chown or chmod), or correct sftp({ path })`
  return storeRefused({ what, fix, cause }, `${user} may not ${MAY[doing]} ${path} (permission denied)`)
}

function loginRefused(cause: unknown, what: string, { user, privateKey, agent }: SftpSettings): Error {
  const [by, fix] =
    privateKey !== undefined
      ? ['key', `put its public key into authorized_keys of ${user}, or correct user or privateKey in sftp({ ... })`]
      : agent !== undefined
        ? ['agent', `see with ssh-add -l that it has a key which is in authorized_keys of ${user}`]
        : ['password', 'see user and password in sftp({ ... }), and whether the server takes passwords']
  return credentialsRefused({ what, fix, cause }, `login of ${user} by ${by}`)
}

function noAgent(cause: unknown, what: string, agent: string): Error {
  const fix = `start ssh-agent and ssh-add the key, or correct sftp({ agent })`
  return credentialsRefused({ what, fix, cause }, `no agent answers at ${agent}`)
}

function unreadableKey(cause: unknown): ConfigError {
  return new ConfigError({
    code: 'sftp-key',
    key: 'sftp({ privateKey })',
    message: 'the key cannot be read, or needs another passphrase',
    fix: 'give the text of the private key, from its BEGIN line to its END line, and its passphrase',
    cause,
  })
}

interface StrangeKey {
  readonly host: string
  /** Fingerprint of the key that the server has shown. */
  readonly shown: string
  /** What it should be by: `sftp({ hostKey })`. */
  readonly by: string
  /** Whether another key was known, so that it is no mere first time. */
  readonly differs: boolean
  readonly cause: unknown
}

export function hostKeyUnknown({ host, shown, by, differs, cause }: StrangeKey): ConfigError {
  const how = differs ? 'is not the one that is known: it is another server, or has a new key' : 'is not known'
  return new ConfigError({
    code: 'sftp-host-key',
    key: by,
    message: `the key that ${host} shows, ${shown}, ${how}; nothing was sent to it`,
    fix: 'ask the owner of the server for its fingerprint; only when it is this one, take it (hostKey, or a line of ssh-keyscan)',
    cause,
  })
}

export function knownHostsMissing(path: string, cause: unknown): ConfigError {
  return new ConfigError({
    code: 'sftp-known-hosts',
    key: 'sftp({ knownHosts })',
    message: `the file ${path} cannot be read`,
    fix: 'ssh-keyscan makes one; compare its fingerprints with those that the owner of the server names',
    cause,
  })
}
