import type { BlobServiceClient } from '@azure/storage-blob'
import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'
import { missingPeer } from '../../../core/missing-peer.js'
import type { ObjectStore } from '../../../core/object-store.js'
import { Secret } from '../../../core/secret.js'
import { BucketStore } from '../bucket/bucket-store.js'
import { type BucketOptions, bucketShape, parseBucketOptions } from '../bucket/options.js'
import { AzureBucket } from './azure-bucket.js'

/** Options of `azure`: either an account, or a connection string. */
export type AzureOptions = BucketOptions & { readonly container: string } & (
    | {
        /** Name of the storage account; credentials come from the standard chain (`@azure/identity`). */
        readonly account: string
        readonly connectionString?: never
      }
    | {
        /** As the portal shows it, with key or shared access signature. */
        readonly connectionString: string | Secret
        readonly account?: never
      }
  )

const Options = z.strictObject({
  container: z.string().regex(/^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/, 'must be the name of a container'),
  account: z
    .string()
    .regex(/^[a-z0-9]{3,24}$/, 'must be the name of a storage account')
    .optional(),
  connectionString: z.union([z.string().min(1), z.instanceof(Secret)]).optional(),
  ...bucketShape,
})

/** Azure copies far more within an account, but does not promise to be done before a request has to be. */
const MAX_COPY_BYTES = 1_000_000_000
const RETRY_OPTIONS = { retryOptions: { maxTries: 1 } } as const

/**
 * A container of Azure Blob Storage; the package `@azure/storage-blob` must be installed, and `@azure/identity` where
 * there is no connection string. Making one opens nothing. Blocks of an upload that was never ended are thrown away by
 * Azure itself, after a week.
 *
 * @throws ConfigError when an option is wrong.
 */
export function azure(options: AzureOptions): ObjectStore {
  const { container, account, connectionString, prefix, partBytes, timeoutMs, retryMs } = parseBucketOptions(
    'azure',
    Options,
    options,
  )
  if ((account === undefined) === (connectionString === undefined)) throw oneOf()
  const place = `azure://${account ?? accountIn(text(connectionString))}/${container}`
  return new BucketStore({
    system: 'azure',
    place,
    prefix,
    exclusive: 'condition',
    limits: { timeoutMs, retryMs },
    maxCopyBytes: MAX_COPY_BYTES,
    connect: async () => {
      const service = await (account === undefined ? withString(text(connectionString)) : withIdentity(account))
      const client = service.getContainerClient(container)
      return new AzureBucket({ client, partBytes, labelOf: (key) => `${place}/${key}` })
    },
  })
}

function load() {
  return import('@azure/storage-blob').catch(
    missingPeer({ name: '@azure/storage-blob', install: '@azure/storage-blob', key: 'azure(...)' }),
  )
}

async function withString(connectionString: string): Promise<BlobServiceClient> {
  const { BlobServiceClient } = await load()
  return BlobServiceClient.fromConnectionString(connectionString, RETRY_OPTIONS)
}

async function withIdentity(account: string): Promise<BlobServiceClient> {
  const { BlobServiceClient } = await load()
  const { DefaultAzureCredential } = await import('@azure/identity').catch(
    missingPeer({ name: '@azure/identity', install: '@azure/identity', key: 'azure({ account })' }),
  )
  return new BlobServiceClient(`https://${account}.blob.core.windows.net`, new DefaultAzureCredential(), RETRY_OPTIONS)
}

function text(value: string | Secret | undefined): string {
  return value instanceof Secret ? value.reveal() : (value ?? '')
}

function accountIn(connectionString: string): string {
  return /(?:^|;)AccountName=([a-z0-9]{3,24})(?:;|$)/.exec(connectionString)?.[1] ?? 'account'
}

function oneOf(): ConfigError {
  return new ConfigError({
    code: 'option-invalid',
    key: 'azure({ account, connectionString })',
    message: 'needs one of the two',
    fix: 'write account for credentials of the standard chain, or connectionString',
  })
}
