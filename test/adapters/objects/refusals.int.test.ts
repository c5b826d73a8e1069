import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { azure } from '../../../src/adapters/objects/azure/index.js'
import { gcs } from '../../../src/adapters/objects/gcs/index.js'
import { s3 } from '../../../src/adapters/objects/s3/index.js'
import type { ObjectStore } from '../../../src/core/object-store.js'
import { type Answer, type Asked, type HttpDouble, startHttpDouble } from '../../support/objects/http-double.js'

/** A server that answers as the services do when they refuse, whatever it is asked; the clients are the real ones. */
let answer: (asked: Asked) => Answer
let double: HttpDouble
beforeAll(async () => {
  double = await startHttpDouble((asked) => answer(asked), { status: 503 })
})
afterAll(() => double[Symbol.asyncDispose]())

const { signal } = new AbortController()
const SECRET = 'wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY'
const TOKEN = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN'
const KEY = Buffer.alloc(64, 7).toString('base64')

const limits = { retryMs: 50, timeoutMs: 5_000 }
const STORES = {
  s3: ({ retryMs, timeoutMs } = limits) => {
    const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: SECRET, sessionToken: TOKEN }
    const { endpoint } = double
    return s3({ bucket: 'feeds', prefix: 'a', endpoint, region: 'us-east-1', credentials, retryMs, timeoutMs })
  },
  gcs: () => gcs({ bucket: 'feeds', prefix: 'a', endpoint: double.endpoint, ...limits }),
  azure: () => {
    const connectionString = `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=${KEY};BlobEndpoint=${double.endpoint}/account;`
    return azure({ container: 'feeds', prefix: 'a', connectionString, ...limits })
  },
}

const put = async (store: ObjectStore): Promise<void> => {
  const writer = await store.create('b', { contentType: 'text/plain', replace: true, signal })
  await writer.commit()
}
const DOING: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  put,
  read: (store) => store.read('b', signal)[Symbol.asyncIterator]().next(),
  list: (store) => store.list('', signal),
  delete: (store) => store.delete(['b'], signal),
}

function ofS3(status: number, code: string, more = '', headers: Readonly<Record<string, string>> = {}): Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message>${more}</Error>`
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body }
}

function ofGoogle(code: number, reason: string, message = reason): Answer {
  const body = JSON.stringify({ error: { code, message, errors: [{ reason, message, domain: 'global' }] } })
  return { status: code, headers: { 'content-type': 'application/json' }, body }
}

function ofAzure(status: number, code: string, detail = ''): Answer {
  const more = detail === '' ? '' : `<AuthenticationErrorDetail>${detail}</AuthenticationErrorDetail>`
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message>${more}</Error>`
  return { status, headers: { 'content-type': 'application/xml', 'x-ms-error-code': code }, body }
}

interface Case {
  readonly store: keyof typeof STORES
  readonly answer: Answer
  readonly doing?: keyof typeof DOING
  readonly error: 'ConfigError' | 'UnavailableError'
  readonly code: string
  /** Of the message. */
  readonly says: string
}

const SIGNED = `<StringToSign>AWS4-HMAC-SHA256 ${TOKEN}</StringToSign><CanonicalRequest>x-amz-security-token:${TOKEN}</CanonicalRequest>`
const MAC = "The MAC signature found in the HTTP request 'c2lnbmF0dXJl' is not the same as any computed signature."
const NO_ACCESS = 'x@y.iam.gserviceaccount.com does not have storage.objects.create access to the object.'

const [config, waits] = ['ConfigError', 'UnavailableError'] as const
const CASES: readonly Case[] = [
  {
    store: 's3',
    answer: ofS3(403, 'InvalidAccessKeyId', '<AWSAccessKeyId>AKIAIOSFODNN7EXAMPLE</AWSAccessKeyId>'),
    error: waits,
    code: 'store-key-unknown',
    says: 'ends in MPLE',
  },
  {
    store: 's3',
    answer: ofS3(403, 'SignatureDoesNotMatch', SIGNED),
    error: waits,
    code: 'store-secret-wrong',
    says: 'AWS_SECRET_ACCESS_KEY',
  },
  {
    store: 's3',
    answer: ofS3(400, 'ExpiredToken', `<Token-0>${TOKEN}</Token-0>`),
    error: waits,
    code: 'store-credentials-expired',
    says: 'aws sso login',
  },
  {
    store: 's3',
    answer: ofS3(403, 'AccessDenied'),
    error: config,
    code: 'store-refused',
    says: 's3:PutObject on arn:aws:s3:::feeds/a/*',
  },
  {
    store: 's3',
    answer: ofS3(403, 'AccessDenied'),
    doing: 'list',
    error: config,
    code: 'store-refused',
    says: 's3:ListBucket on arn:aws:s3:::feeds',
  },
  {
    store: 's3',
    answer: ofS3(403, 'AccessDenied'),
    doing: 'delete',
    error: config,
    code: 'store-refused',
    says: 's3:DeleteObject',
  },
  {
    store: 's3',
    answer: ofS3(403, 'AccessDenied'),
    doing: 'read',
    error: config,
    code: 'store-refused',
    says: 's3:GetObject',
  },
  { store: 's3', answer: ofS3(404, 'NoSuchBucket'), error: config, code: 'store-missing', says: 'make the bucket' },
  {
    store: 's3',
    answer: ofS3(301, 'PermanentRedirect', '', { 'x-amz-bucket-region': 'eu-west-1' }),
    error: config,
    code: 'store-region',
    says: "region: 'eu-west-1'",
  },
  {
    store: 's3',
    answer: ofS3(400, 'AuthorizationHeaderMalformed', '<Region>eu-west-3</Region>'),
    error: config,
    code: 'store-region',
    says: 'in eu-west-3',
  },
  { store: 's3', answer: ofS3(503, 'SlowDown'), error: waits, code: 'store-unavailable', says: 'SlowDown (503)' },
  {
    store: 'gcs',
    answer: ofGoogle(401, 'authError', 'Invalid Credentials'),
    error: waits,
    code: 'store-credentials',
    says: 'GOOGLE_APPLICATION_CREDENTIALS',
  },
  {
    store: 'gcs',
    answer: ofGoogle(403, 'forbidden', NO_ACCESS),
    error: config,
    code: 'store-refused',
    says: 'give the account storage.objects.create',
  },
  {
    store: 'gcs',
    answer: ofGoogle(403, 'forbidden', 'Access denied.'),
    doing: 'read',
    error: config,
    code: 'store-refused',
    says: 'storage.objects.get',
  },
  { store: 'gcs', answer: ofGoogle(403, 'accountDisabled'), error: config, code: 'store-refused', says: 'billing' },
  {
    store: 'gcs',
    answer: ofGoogle(404, 'notFound', 'The specified bucket does not exist.'),
    error: config,
    code: 'store-missing',
    says: 'make the bucket',
  },
  {
    store: 'gcs',
    answer: ofGoogle(404, 'notFound', 'The specified bucket does not exist.'),
    doing: 'read',
    error: config,
    code: 'store-missing',
    says: 'make the bucket',
  },
  {
    store: 'gcs',
    answer: ofGoogle(429, 'rateLimitExceeded'),
    error: waits,
    code: 'store-unavailable',
    says: 'rateLimitExceeded (429)',
  },
  {
    store: 'azure',
    answer: ofAzure(403, 'AuthenticationFailed', MAC),
    error: waits,
    code: 'store-secret-wrong',
    says: 'AccountKey',
  },
  {
    store: 'azure',
    answer: ofAzure(
      403,
      'AuthenticationFailed',
      'Signature not valid in the specified time frame: Start [a] - Expiry [b]',
    ),
    error: waits,
    code: 'store-credentials-expired',
    says: 'shared access signature',
  },
  {
    store: 'azure',
    answer: ofAzure(403, 'AuthenticationFailed', 'Request date header too old'),
    error: waits,
    code: 'store-clock',
    says: 'NTP',
  },
  {
    store: 'azure',
    answer: ofAzure(403, 'AuthorizationPermissionMismatch'),
    error: config,
    code: 'store-refused',
    says: 'Storage Blob Data Contributor',
  },
  {
    store: 'azure',
    answer: ofAzure(403, 'AuthorizationPermissionMismatch'),
    doing: 'list',
    error: config,
    code: 'store-refused',
    says: 'may not list blobs',
  },
  {
    store: 'azure',
    answer: ofAzure(403, 'AuthorizationFailure'),
    error: config,
    code: 'store-refused',
    says: 'firewall',
  },
  {
    store: 'azure',
    answer: ofAzure(404, 'ContainerNotFound'),
    error: config,
    code: 'store-missing',
    says: 'make the container',
  },
  {
    store: 'azure',
    answer: ofAzure(503, 'ServerBusy'),
    error: waits,
    code: 'store-unavailable',
    says: 'ServerBusy (503)',
  },
]

describe('what a store refuses', () => {
  it.each(CASES.map((each) => ({ doing: 'put', ...each })))('$store: $doing is $code and says $says', async (each) => {
    answer = () => each.answer
    const store = STORES[each.store]()
    const failed = await DOING[each.doing]?.(store).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failed).toMatchObject({ name: each.error, code: each.code, message: expect.stringContaining(each.says) })
    expect(failed).toMatchObject({ message: expect.stringContaining('feeds/a') })
    const [diagnosis] = await store.diagnose(signal)
    expect(diagnosis).toMatchObject({ level: 'error' })
    for (const text of [inspect(failed, { depth: null, showHidden: true }), JSON.stringify(diagnosis)])
      for (const secret of [SECRET, TOKEN, KEY, 'c2lnbmF0dXJl', 'uthorization:']) expect(text).not.toContain(secret)
  })

  it('is no obstacle when it is the clock of this machine, which the client of S3 then reckons with', async () => {
    const offMs = 3 * 3_600_000
    answer = ({ headers }) => {
      const now = new Date(Date.now() + offMs)
      const [, y, mo, d, h, mi, s] = /^(\d{4})(..)(..)T(..)(..)(..)Z$/.exec(String(headers['x-amz-date'])) ?? []
      const sent = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
      const date = { date: now.toUTCString() }
      if (Math.abs(now.getTime() - sent) < 900_000) return { status: 200, headers: { ...date, etag: '"1"' } }
      return ofS3(403, 'RequestTimeTooSkewed', `<ServerTime>${now.toISOString()}</ServerTime>`, date)
    }
    await put(STORES.s3({ ...limits, retryMs: 30_000 }))
    // Without the time in the answer's head nothing can be reckoned.
    answer = () => ofS3(403, 'RequestTimeTooSkewed', '<ServerTime>2031-01-01T00:00:00Z</ServerTime>', { date: '' })
    await expect(put(STORES.s3())).rejects.toMatchObject({
      name: waits,
      code: 'store-clock',
      message: expect.stringContaining('there it is 2031-01-01T00:00:00.000Z'),
    })
  })
})
