import { z } from 'zod'
import type { Distribute, DistributeOptions } from '../../core/distribute.js'
import { ConfigError } from '../../core/errors.js'
import { Secret } from '../../core/secret.js'

const ms = z.int().min(100).max(2_147_483_647)

const Options = z.strictObject({
  postgres: z.union([z.string(), z.instanceof(Secret)]),
  ranges: z.int().min(1).max(1_000).default(16),
  attempts: z.int().min(1).max(100).default(4),
  leaseMs: ms.min(1_000).default(15_000),
  waitMs: ms.default(600_000),
  snapshotMs: z.int().min(0).max(2_147_483_647).default(600_000),
})

/** How a flow is shared out; `undefined`: it is not. `factory`: `check.tables`, for the key in a `ConfigError`. */
export function parseDistribute(options: DistributeOptions | undefined, factory: string): Distribute | undefined {
  if (options === undefined) return undefined
  const { data, error } = Options.safeParse(options)
  if (data === undefined) throw invalid(error.issues[0], factory)
  const { postgres, ...rest } = data
  return { ...rest, postgres: typeof postgres === 'string' ? new Secret(postgres) : postgres }
}

function invalid(issue: z.core.$ZodIssue | undefined, factory: string): ConfigError {
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const place = unknown ?? issue?.path.map(String).join('.') ?? ''
  return new ConfigError({
    code: 'option-invalid',
    key: `${factory}({ distribute${place === '' ? '' : `.${place}`} })`,
    message: unknown === undefined ? 'is not what this option can be' : 'there is no such option',
    fix: "write { postgres: env('QUEUE_URL') }; besides it may have ranges, attempts, leaseMs (1000 or more), waitMs and snapshotMs",
  })
}
