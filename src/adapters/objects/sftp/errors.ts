import { ConfigError, LockstepError } from '../../../core/errors.js'
import { credentialsRefused, storeRefused, storeUnavailable } from '../object-errors.js'

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
export function translate(error: unknown, what: string): Error {
  if (error instanceof LockstepError) return error
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : ''
  if (code === STATUS.refused) return storeRefused(what, 'let the user of sftp({ user }) write into the folder', error)
  if (/authentication methods failed|Authentication failed/i.test(text)) {
    return credentialsRefused(what, 'no way of logging in was accepted', error)
  }
  if (/privateKey|passphrase/i.test(text)) return unreadableKey(error)
  const why =
    code === STATUS.failure ? 'the server failed, and does not say why; its disk may be full' : `${code ?? 'lost'}`
  return storeUnavailable(what, why, error)
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

/** @param shown the fingerprint of the key that the server has shown. */
export function hostKeyUnknown(host: string, shown: string, cause: unknown): ConfigError {
  return new ConfigError({
    code: 'sftp-host-key',
    key: 'sftp({ hostKey })',
    message: `the key that ${host} shows, ${shown}, is not known; it may be another server`,
    fix: 'ask the owner of the server for its fingerprint; when it is this one, write it into hostKey',
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
