import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../core/errors.js'
import { translate } from './errors.js'

const answer = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } })

describe('what S3 refuses', () => {
  it('is told apart: there already, no bucket, region, credentials, rights, and what waiting may help', () => {
    const codeOf = (error: unknown) => Reflect.get(translate(error, 's3://b/c'), 'code')
    expect(codeOf(answer('PreconditionFailed', 412))).toBe('object-exists')
    expect(codeOf(answer('NoSuchBucket', 404))).toBe('store-missing')
    expect(codeOf(answer('PermanentRedirect', 301))).toBe('store-region')
    expect(codeOf(new Error('Region is missing'))).toBe('store-region')
    expect(codeOf(answer('ExpiredToken', 400))).toBe('store-credentials')
    expect(codeOf(answer('AccessDenied', 403))).toBe('store-refused')
    expect(codeOf(answer('NoSuchUpload', 404))).toBe('store-upload-gone')
    expect(codeOf(answer('SlowDown', 503))).toBe('store-unavailable')
    expect(codeOf(new Error('read ECONNRESET'))).toBe('store-unavailable')
  })

  it('stops with a cure where the store does not know conditional writes', () => {
    const error = translate(answer('NotImplemented', 501), 's3://b/c')
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toContain("exclusive: 'probe'")
  })
})
