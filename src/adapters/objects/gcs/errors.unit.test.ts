import { describe, expect, it } from 'vitest'
import { isBucketMissing, translate } from './errors.js'

const answer = (code: number, reason: string) => Object.assign(new Error(reason), { code, errors: [{ reason }] })

describe('what Google refuses', () => {
  it('is told apart: there already, no bucket, credentials, rights, and what waiting may help', () => {
    const codeOf = (error: unknown) => Reflect.get(translate(error, 'gs://b/c'), 'code')
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

  it('is an object or the bucket that is not there, by its text alone', () => {
    expect(isBucketMissing('No such object: feeds/a.json')).toBe(false)
    expect(isBucketMissing('The specified bucket does not exist.')).toBe(true)
  })
})
