import { describe, expect, it } from 'vitest'
import { translate } from './errors.js'

const answer = (code: string, statusCode: number) =>
  Object.assign(new Error(code), { statusCode, details: { errorCode: code } })

describe('what Azure refuses', () => {
  it('is told apart: there already, no container, credentials, rights, and what waiting may help', () => {
    const codeOf = (error: unknown) => Reflect.get(translate(error, 'azure://a/b/c'), 'code')
    expect(codeOf(answer('BlobAlreadyExists', 409))).toBe('object-exists')
    expect(codeOf(answer('ConditionNotMet', 412))).toBe('object-exists')
    expect(codeOf(answer('ContainerNotFound', 404))).toBe('store-missing')
    expect(codeOf(answer('AuthenticationFailed', 403))).toBe('store-credentials')
    expect(codeOf(answer('AuthorizationPermissionMismatch', 403))).toBe('store-refused')
    expect(codeOf(answer('InvalidBlockList', 400))).toBe('store-upload-gone')
    expect(codeOf(answer('ServerBusy', 503))).toBe('store-unavailable')
    expect(codeOf(new Error('read ECONNRESET'))).toBe('store-unavailable')
  })
})
