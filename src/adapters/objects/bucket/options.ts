import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'

/** What all buckets have among their options. */
export interface BucketOptions {
  /** Before the names of all files: `feeds/` or `feeds`, the same; `/` makes folders of it. Default none. */
  readonly prefix?: string
  /** Of large files, the size of a part in bytes; a few of them are in memory. Default 8 MiB. */
  readonly partBytes?: number
  /** Time for the answer to one request, in ms. Default 60,000. */
  readonly timeoutMs?: number
  /** How long a request is repeated while the store is not to be had, in ms. Default 30,000. */
  readonly retryMs?: number
}

export const MEBIBYTE = 1_048_576
const ms = z.number().int().min(1).max(2_147_483_647)

export const bucketShape = {
  prefix: z
    .string()
    .max(500)
    .regex(
      /^(?!\/)[A-Za-z0-9._/-]*$/,
      'letters, digits, dots, hyphens, underscores and slashes, not beginning with one',
    )
    .refine((prefix) => !prefix.split('/').some((part) => part === '..' || part === '.'), 'no way up')
    .transform((prefix) => (prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`))
    .default(''),
  partBytes: z
    .number()
    .int()
    .min(5 * MEBIBYTE)
    .max(512 * MEBIBYTE)
    .default(8 * MEBIBYTE),
  timeoutMs: ms.default(60_000),
  retryMs: ms.default(30_000),
}

/** @param name of the function, for the message: `s3`. */
export function parseBucketOptions<Shape extends z.ZodObject>(
  name: string,
  shape: Shape,
  options: unknown,
): z.output<Shape> {
  const { success, data, error } = shape.safeParse(options)
  if (success) return data
  const [first] = error.issues
  const unknown = first?.code === 'unrecognized_keys'
  const key = unknown ? first.keys[0] : first?.path[0]
  throw new ConfigError({
    code: 'option-invalid',
    key: `${name}({ ${String(key ?? 'options')} })`,
    message: first?.message ?? 'is not valid',
    fix: unknown
      ? `Remove it; known are ${Object.keys(shape.shape).join(', ')}.`
      : `Correct the option; see the documentation of ${name}().`,
  })
}
