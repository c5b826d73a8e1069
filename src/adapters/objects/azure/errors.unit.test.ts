import { describe, expect, it } from 'vitest'
import { translate } from './errors.js'

const answer = (code: string, statusCode: number) =>
  Object.assign(new Error(code), { statusCode, details: { errorCode: code } })

describe('what Azure refuses', () => {
  it('is told apart: there already, no container, credentials, rights, and what waiting may help', () => {
    const codeOf = (error: unknown) => Reflect.get(translate(error, { what: 'azure://a/b/c', doing: 'write' }), 'code')
    expect(codeOf(answer('BlobAlreadyExists', 409))).toBe('object-exists')
    expect(codeOf(answer('ConditionNotMet', 412))).toBe('object-exists')
    expect(codeOf(answer('ContainerNotFound', 404))).toBe('store-missing')
    expect(codeOf(answer('AuthenticationFailed', 403))).toBe('store-credentials')
    expect(codeOf(answer('AuthorizationPermissionMismatch', 403))).toBe('store-refused')
    expect(codeOf(answer('InvalidBlockList', 400))).toBe('store-upload-gone')
    expect(codeOf(answer('ServerBusy', 503))).toBe('store-unavailable')
    expect(codeOf(new Error('read ECONNRESET'))).toBe('store-unavailable')
  })

  it('is refused by a role, a network or a signature, each with its cure', () => {
    const said = (code: string) => translate(answer(code, 403), { what: 'azure://a/b/c', doing: 'delete' }).message
    expect(said('AuthorizationPermissionMismatch')).toMatch(
      /may not delete blobs.*\n.*Storage Blob Data Contributor.*sp=d$/,
    )
    expect(said('AuthorizationFailure')).toContain('firewall')
    expect(said('AuthorizationSourceIPMismatch')).toContain('sip')
    expect(said('KeyBasedAuthenticationNotPermitted')).toContain('azure({ account })')
  })

  it('tells a wrong key from one that has expired and from a wrong clock, and shows no signature', () => {
    const failed = (detail: string) => {
      const error = Object.assign(answer('AuthenticationFailed', 403), {
        details: { errorCode: 'AuthenticationFailed', authenticationErrorDetail: detail },
      })
      return translate(error, { what: 'azure://a/b/c', doing: 'write' })
    }
    const wrong = failed("The MAC signature found in the HTTP request 'c2VjcmV0' is not the same as any computed one")
    expect(wrong).toMatchObject({ code: 'store-secret-wrong' })
    expect(wrong.message).not.toContain('c2VjcmV0')
    const window = 'Signature not valid in the specified time frame: Start [a] - Expiry [b] - Current [c]'
    expect(failed(window)).toMatchObject({ code: 'store-credentials-expired' })
    expect(failed('Request date header too old: Mon')).toMatchObject({ code: 'store-clock' })
  })

  it('is of an identity: none, a wrong secret, an expired one', () => {
    const codeOf = (name: string, text: string) =>
      Reflect.get(
        translate(Object.assign(new Error(text), { name }), { what: 'azure://a/b/c', doing: 'write' }),
        'code',
      )
    expect(codeOf('CredentialUnavailableError', 'no managed identity')).toBe('store-credentials')
    expect(codeOf('AuthenticationError', 'invalid_client: AADSTS7000215: Invalid client secret')).toBe(
      'store-secret-wrong',
    )
    expect(codeOf('AggregateAuthenticationError', 'AADSTS7000222: The secret has expired')).toBe(
      'store-credentials-expired',
    )
  })
})
