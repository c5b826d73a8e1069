import { describe, expect, it } from 'vitest'
import { isBucketMissing, translate } from './errors.js'

const answer = (code: number, reason: string) => Object.assign(new Error(reason), { code, errors: [{ reason }] })

describe('what Google refuses', () => {
  it('is told apart: there already, no bucket, credentials, rights, and what waiting may help', () => {
    const codeOf = (error: unknown) => Reflect.get(translate(error, { what: 'gs://b/c', doing: 'write' }), 'code')
    expect(codeOf(answer(412, 'conditionNotMet'))).toBe('object-exists')
    expect(codeOf(answer(404, 'notFound'))).toBe('store-missing')
    expect(codeOf(answer(401, 'authError'))).toBe('store-credentials')
    expect(codeOf(new Error('Could not load the default credentials. Browse to ...'))).toBe('store-credentials')
    expect(codeOf(Object.assign(new Error('invalid_grant: expired'), { code: '400' }))).toBe('store-credentials')
    expect(codeOf(answer(403, 'forbidden'))).toBe('store-refused')
    expect(codeOf(answer(403, 'rateLimitExceeded'))).toBe('store-unavailable')
    expect(codeOf(answer(503, 'backendError'))).toBe('store-unavailable')
    expect(codeOf(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))).toBe('store-unavailable')
  })

  it('names the permission, as the answer has it or by the request, and the cure that is no role', () => {
    const said = (reason: string, text: string) =>
      translate(Object.assign(answer(403, reason), { message: text }), { what: 'gs://b/c', doing: 'write' }).message
    const long =
      "x@y.iam.gserviceaccount.com does not have storage.objects.delete access to the object 'b/expired token'"
    expect(said('forbidden', long)).toContain('give the account storage.objects.delete')
    expect(said('forbidden', long)).not.toContain('x@y')
    expect(said('forbidden', 'Access denied.')).toContain('storage.objects.create')
    expect(said('accountDisabled', 'The billing account is disabled')).toContain('billing')
    expect(said('insufficientPermissions', 'Insufficient Permission')).toContain('scope')
    expect(said('retentionPolicyNotMet', 'is subject to')).toContain('retention policy')
    expect(said('forbidden', 'Request is prohibited by organization policy (VPC Service Controls)')).toContain(
      'perimeter',
    )
  })

  it('tells of credentials what the token server means', () => {
    const codeOf = (text: string) =>
      Reflect.get(
        translate(Object.assign(new Error(text), { code: '400' }), { what: 'gs://b/c', doing: 'list' }),
        'code',
      )
    expect(codeOf('invalid_grant: Invalid JWT: Token must be in a reasonable timeframe. Check your iat and exp')).toBe(
      'store-clock',
    )
    expect(codeOf('invalid_grant: Invalid JWT Signature.')).toBe('store-key-unknown')
    expect(codeOf('invalid_grant: Token has been expired or revoked.')).toBe('store-credentials-expired')
    expect(codeOf('error:1E08010C:DECODER routines::unsupported')).toBe('store-secret-wrong')
    expect(codeOf('invalid_grant: Bad Request')).toBe('store-credentials')
  })

  it('is an object or the bucket that is not there, by its text alone', () => {
    expect(isBucketMissing('No such object: feeds/a.json')).toBe(false)
    expect(isBucketMissing('The specified bucket does not exist.')).toBe(true)
  })
})
