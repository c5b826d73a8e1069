import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../core/errors.js'
import type { Doing } from '../object-errors.js'
import { translate } from './errors.js'

const PLACE = { bucket: 'b', prefix: 'feeds/' }

const answer = (name: string, httpStatusCode: number, more: object = {}) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode }, ...more })

function told(error: unknown, doing: Doing = 'write'): Error {
  return translate(error, { what: 's3://b/feeds/c', doing }, PLACE)
}

describe('what S3 refuses', () => {
  it('is told apart: there already, no bucket, region, credentials, rights, and what waiting may help', () => {
    const codeOf = (error: unknown) => Reflect.get(told(error), 'code')
    expect(codeOf(answer('PreconditionFailed', 412))).toBe('object-exists')
    expect(codeOf(answer('NoSuchBucket', 404))).toBe('store-missing')
    expect(codeOf(answer('PermanentRedirect', 301))).toBe('store-region')
    expect(codeOf(new Error('Region is missing'))).toBe('store-region')
    expect(codeOf(answer('ExpiredToken', 400))).toBe('store-credentials-expired')
    expect(codeOf(answer('InvalidAccessKeyId', 403))).toBe('store-key-unknown')
    expect(codeOf(answer('SignatureDoesNotMatch', 403))).toBe('store-secret-wrong')
    expect(codeOf(answer('RequestTimeTooSkewed', 403))).toBe('store-clock')
    expect(codeOf(answer('AccessDenied', 403))).toBe('store-refused')
    expect(codeOf(answer('NoSuchUpload', 404))).toBe('store-upload-gone')
    expect(codeOf(answer('SlowDown', 503))).toBe('store-unavailable')
    expect(codeOf(Object.assign(new Error('Could not load'), { name: 'CredentialsProviderError' }))).toBe(
      'store-credentials',
    )
    const sso = Object.assign(new Error('The SSO session has expired'), { name: 'CredentialsProviderError' })
    expect(codeOf(sso)).toBe('store-credentials-expired')
  })

  it('names the right that is missing, by the request, or as the answer has it', () => {
    const said = (doing: Doing, text = 'Access Denied') =>
      told(Object.assign(answer('AccessDenied', 403), { message: text }), doing).message
    expect(said('write')).toContain('allow s3:PutObject on arn:aws:s3:::b/feeds/*')
    expect(said('read')).toContain('allow s3:GetObject on arn:aws:s3:::b/feeds/*, and s3:ListBucket on arn:aws:s3:::b')
    expect(said('list')).toMatch(/s3:ListBucket on arn:aws:s3:::b$/)
    expect(said('delete')).toContain('s3:DeleteObject')
    expect(said('list-uploads')).toContain('s3:ListBucketMultipartUploads on arn:aws:s3:::b')
    expect(said('cancel-upload')).toContain('s3:AbortMultipartUpload')
    const long = (action: string, why: string) =>
      `User: arn:aws:iam::123456789012:user/x is not authorized to perform: ${action} on resource: "arn:aws:s3:::b/feeds/c" ${why}`
    expect(said('write', long('kms:GenerateDataKey', 'because no identity-based policy allows it'))).toContain(
      'allow kms:GenerateDataKey on the key by which the bucket is encrypted',
    )
    const denied = said('write', long('s3:PutObject', 'with an explicit deny in a service control policy'))
    expect(denied).toContain('a policy denies it explicitly')
    expect(denied).not.toContain('123456789012')
  })

  it('says where the bucket is, when the answer does', () => {
    for (const error of [
      answer('PermanentRedirect', 301, { $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } } }),
      answer('AuthorizationHeaderMalformed', 400, { Region: 'eu-west-1' }),
      Object.assign(answer('AuthorizationHeaderMalformed', 400), {
        message: "the region 'us-east-1' is wrong; expecting 'eu-west-1'",
      }),
    ])
      expect(told(error).message).toMatch(/the bucket is in eu-west-1\n {2}fix: write s3\(\{ region: 'eu-west-1' \}\)/)
    expect(told(answer('AuthorizationHeaderMalformed', 400))).toMatchObject({ code: 'store-credentials' })
  })

  it('shows of a key its end alone', () => {
    const { message } = told(answer('InvalidAccessKeyId', 403, { AWSAccessKeyId: 'AKIAIOSFODNN7EXAMPLE' }))
    expect(message).toContain('that ends in MPLE')
    expect(message).not.toContain('AKIA')
  })

  it('is of the network, when the network failed', () => {
    const of = (code: string) => told(Object.assign(new Error('secret?'), { code }))
    expect(of('ENOTFOUND')).toMatchObject({ code: 'store-unavailable', message: expect.stringContaining('DNS') })
    expect(of('ECONNRESET')).toMatchObject({ code: 'store-unavailable' })
    expect(of('SELF_SIGNED_CERT_IN_CHAIN')).toMatchObject({
      code: 'store-tls',
      message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    })
  })

  it('stops with a cure where the store does not know conditional writes', () => {
    const error = told(answer('NotImplemented', 501))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toContain("exclusive: 'probe'")
  })
})
