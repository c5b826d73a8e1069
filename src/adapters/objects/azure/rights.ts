import type { ConfigError } from '../../../core/errors.js'
import { type Doing, type Failed, storeRefused } from '../object-errors.js'

/** What a request is called, and the letter of a shared access signature that allows it. */
const RIGHTS: Readonly<Record<Doing, readonly [name: string, letter: string]>> = {
  list: ['list blobs', 'l'],
  read: ['read blobs', 'r'],
  write: ['write blobs', 'cw'],
  copy: ['copy blobs', 'rcw'],
  delete: ['delete blobs', 'd'],
  'list-uploads': ['list blobs', 'l'],
  'cancel-upload': ['write blobs', 'cw'],
}

/** Refusals whose cure is no role, by code. */
const OTHERWISE: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  AuthorizationFailure: [
    "the account's network rules refuse this machine, or the key is wrong",
    'let its address through the firewall of the account (az storage account network-rule add), and see the key',
  ],
  AuthorizationSourceIPMismatch: [
    'the shared access signature is for other addresses than this one',
    'make one without sip, or with the address of this machine',
  ],
  AuthorizationServiceMismatch: ['the shared access signature is not for blobs', 'make one with ss=b'],
  AuthorizationResourceTypeMismatch: [
    'the shared access signature is not for containers and objects',
    'make one with srt=co',
  ],
  AuthorizationProtocolMismatch: ['the shared access signature is for https alone', 'connect by https'],
  KeyBasedAuthenticationNotPermitted: [
    'the account takes no keys',
    'write azure({ account }) for an identity, or let the account take keys',
  ],
  AccountIsDisabled: ['the account is disabled', 'see the subscription of the account'],
  InsufficientAccountPermissions: ['the account may not do this', 'see the kind and the subscription of the account'],
}

export function rightMissing({ what, doing }: Failed, code: string, cause: unknown): ConfigError {
  const [message, cure] = OTHERWISE[code] ?? []
  if (message !== undefined && cure !== undefined)
    return storeRefused({ what, fix: cure, cause }, `${message} (${code})`)
  const [name, letters] = RIGHTS[doing]
  const fix = `give the identity the role Storage Blob Data Contributor on the container; a shared access signature has to have sp=${letters}`
  return storeRefused({ what, fix, cause }, `these credentials may not ${name} (${code})`)
}
