import type { ConfigError } from '../../../core/errors.js'
import { type Doing, type Failed, storeRefused } from '../object-errors.js'

export interface S3Place {
  readonly bucket: string
  /** Empty, or ending in `/`. */
  readonly prefix: string
}

interface Right {
  readonly actions: readonly string[]
  readonly on: 'bucket' | 'objects'
}

const RIGHTS: Readonly<Record<Doing, Right>> = {
  list: { actions: ['s3:ListBucket'], on: 'bucket' },
  read: { actions: ['s3:GetObject'], on: 'objects' },
  write: { actions: ['s3:PutObject'], on: 'objects' },
  copy: { actions: ['s3:GetObject', 's3:PutObject'], on: 'objects' },
  delete: { actions: ['s3:DeleteObject'], on: 'objects' },
  'list-uploads': { actions: ['s3:ListBucketMultipartUploads'], on: 'bucket' },
  'cancel-upload': { actions: ['s3:AbortMultipartUpload'], on: 'objects' },
}

interface Missing {
  readonly failed: Failed
  readonly place: S3Place
  /** What S3 said; empty in answers to HEAD. */
  readonly text: string
  readonly name: string
  readonly cause: unknown
}

/** Says which right is missing and on what; what the answer names comes before what the request is known to take. */
export function rightMissing({ failed: { what, doing }, place, text, name, cause }: Missing): ConfigError {
  const known = RIGHTS[doing]
  const [, named] = /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/i.exec(text) ?? []
  const actions = named === undefined ? known.actions : [named]
  const how = /explicit deny/i.test(text) ? FORBIDDEN : ''
  const silent = name === 'AccessDenied' ? name : `${name}, 403`
  return storeRefused(
    { what, fix: `${fixOf(actions, named, { place, known })}${how}`, cause },
    `these credentials may not do ${actions.join(' and ')} (${silent})`,
  )
}

function fixOf(
  actions: readonly string[],
  named: string | undefined,
  { place: { bucket, prefix }, known }: { place: S3Place; known: Right },
): string {
  if (named?.startsWith('kms:') === true) return `allow ${named} on the key by which the bucket is encrypted`
  if (named?.startsWith('sts:') === true) return `allow ${named} in the trust policy of the role`
  const whole = `arn:aws:s3:::${bucket}`
  const allow = `allow ${actions.join(' and ')} on ${known.on === 'bucket' ? whole : `${whole}/${prefix}*`}`
  // Without that right it does not say what is not there.
  return known.actions.includes('s3:GetObject') ? `${allow}, and s3:ListBucket on ${whole}` : allow
}

const FORBIDDEN = '; a policy denies it explicitly, which no other policy can allow'
