import { z } from 'zod'
import { missingPeer } from '../../../core/missing-peer.js'
import type { ObjectStore } from '../../../core/object-store.js'
import { Secret } from '../../../core/secret.js'
import { BucketStore } from '../bucket/bucket-store.js'
import { type BucketOptions, bucketShape, parseBucketOptions } from '../bucket/options.js'
import { S3Bucket } from './s3-bucket.js'

/** Options of `s3`. */
export interface S3Options extends BucketOptions {
  readonly bucket: string
  /** Default: as the AWS client finds it, `AWS_REGION` first. */
  readonly region?: string
  /** Of what is like S3: `https://minio.internal:9000`. Default: Amazon's. */
  readonly endpoint?: string
  /** `endpoint/bucket/name` rather than `bucket.endpoint/name`. Default: `true` with an `endpoint`. */
  readonly pathStyle?: boolean
  /** Default: the standard chain of AWS: environment, shared files, web identity, container, instance. */
  readonly credentials?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string | Secret
    readonly sessionToken?: string | Secret
  }
  /**
   * How a manifest is made once only: by `If-None-Match` (`condition`), by claims that writers put beside it where a store
   * has no such writes (`claim`), or by what a probe says of the store. Default `condition`; `probe` with an `endpoint`.
   */
  readonly exclusive?: 'condition' | 'claim' | 'probe'
}

const secret = z.union([z.string().min(1), z.instanceof(Secret)])

const Options = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket, without s3:// and path'),
  region: z.string().min(1).optional(),
  endpoint: z.url({ protocol: /^https?$/, error: 'must be an address, http:// or https://' }).optional(),
  pathStyle: z.boolean().optional(),
  credentials: z
    .strictObject({ accessKeyId: z.string().min(1), secretAccessKey: secret, sessionToken: secret.optional() })
    .optional(),
  exclusive: z.enum(['condition', 'claim', 'probe']).optional(),
  ...bucketShape,
})

/**
 * A bucket of Amazon S3, or of what is like it; the package `@aws-sdk/client-s3` must be installed. Large files go up in
 * parts as they are made. Making one opens nothing.
 *
 * @throws ConfigError when an option is wrong.
 */
export function s3(options: S3Options): ObjectStore {
  const { bucket, prefix, partBytes, timeoutMs, retryMs, exclusive, ...rest } = parseBucketOptions(
    's3',
    Options,
    options,
  )
  const place = rest.endpoint === undefined ? `s3://${bucket}` : `${new URL(rest.endpoint).origin}/${bucket}`
  return new BucketStore({
    system: 's3',
    place,
    prefix,
    exclusive: exclusive ?? (rest.endpoint === undefined ? 'condition' : 'probe'),
    limits: { timeoutMs, retryMs },
    maxCopyBytes: MAX_COPY_BYTES,
    connect: async () => {
      const library = await import('@aws-sdk/client-s3').catch(
        missingPeer({ name: '@aws-sdk/client-s3', install: '@aws-sdk/client-s3', key: 's3(...)' }),
      )
      const client = new library.S3Client({
        // Requests are repeated by the store, which knows when waiting helps.
        maxAttempts: 1,
        forcePathStyle: rest.pathStyle ?? rest.endpoint !== undefined,
        ...(rest.region === undefined ? {} : { region: rest.region }),
        ...(rest.endpoint === undefined ? {} : { endpoint: rest.endpoint }),
        ...(rest.credentials === undefined ? {} : { credentials: revealed(rest.credentials) }),
      })
      return new S3Bucket({ library, client, bucket, prefix, partBytes, labelOf: (key) => `${place}/${key}` })
    },
  })
}

/** S3 copies five times as much in one request, which then may take longer than a request may. */
const MAX_COPY_BYTES = 1_000_000_000

function revealed({
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: NonNullable<z.output<typeof Options>['credentials']>) {
  return {
    accessKeyId,
    secretAccessKey: text(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: text(sessionToken) }),
  }
}

function text(value: string | Secret): string {
  return typeof value === 'string' ? value : value.reveal()
}
