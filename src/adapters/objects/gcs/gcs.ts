import { z } from 'zod'
import { missingPeer } from '../../../core/missing-peer.js'
import type { ObjectStore } from '../../../core/object-store.js'
import { Secret } from '../../../core/secret.js'
import { BucketStore } from '../bucket/bucket-store.js'
import { type BucketOptions, bucketShape, parseBucketOptions } from '../bucket/options.js'
import { GcsBucket, MAX_BYTES } from './gcs-bucket.js'
import { GcsClient } from './gcs-client.js'

/** Options of `gcs`. */
export interface GcsOptions extends BucketOptions {
  readonly bucket: string
  /** Of an emulator, `http://127.0.0.1:4443`: it is sent no credentials. Default: `STORAGE_EMULATOR_HOST`, else Google's. */
  readonly endpoint?: string
  /**
   * Default: the standard chain of Google, application default credentials: `GOOGLE_APPLICATION_CREDENTIALS`, those of
   * gcloud, the service account of the machine or the workload.
   */
  readonly credentials?: { readonly clientEmail: string; readonly privateKey: string | Secret }
}

const Options = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, 'must be the name of a bucket, without gs:// and path'),
  endpoint: z.url({ protocol: /^https?$/, error: 'must be an address, http:// or https://' }).optional(),
  credentials: z
    .strictObject({
      clientEmail: z.string().min(1),
      privateKey: z.union([z.string().min(1), z.instanceof(Secret)]),
    })
    .optional(),
  ...bucketShape,
})

/**
 * A bucket of Google Cloud Storage; the package `@google-cloud/storage` must be installed. Large files go up in resumable
 * uploads as they are made; one that was never ended is thrown away by Google after a week. Making one opens nothing.
 *
 * @throws ConfigError when an option is wrong.
 */
export function gcs(options: GcsOptions): ObjectStore {
  const parsed = parseBucketOptions('gcs', Options, options)
  const { bucket, prefix, partBytes, timeoutMs, retryMs, endpoint, credentials } = parsed
  const place = endpoint === undefined ? `gs://${bucket}` : `${new URL(endpoint).origin}/${bucket}`
  return new BucketStore({
    system: 'gcs',
    place,
    prefix,
    exclusive: 'condition',
    limits: { timeoutMs, retryMs },
    maxCopyBytes: MAX_BYTES,
    connect: async () => {
      const { Storage } = await import('@google-cloud/storage').catch(
        missingPeer({ name: '@google-cloud/storage', install: '@google-cloud/storage@7', key: 'gcs(...)' }),
      )
      const storage = new Storage({
        // Requests are repeated by the store, which knows when waiting helps.
        retryOptions: { autoRetry: false },
        timeout: timeoutMs,
        ...(endpoint === undefined ? {} : { apiEndpoint: new URL(endpoint).origin }),
        ...(credentials === undefined ? {} : { credentials: revealed(credentials) }),
      })
      const client = new GcsClient(storage, bucket)
      return new GcsBucket({ client, partBytes, labelOf: (key) => `${place}/${key}` })
    },
  })
}

function revealed({ clientEmail, privateKey }: NonNullable<z.output<typeof Options>['credentials']>) {
  return { client_email: clientEmail, private_key: privateKey instanceof Secret ? privateKey.reveal() : privateKey }
}
