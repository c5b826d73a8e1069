import { check, defineConfig } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'

const left = postgres(env('LEFT_URL'))
const right = postgres(env('RIGHT_URL'))
const where = env('WHERE', '')
const table = env('TABLE', 'orders')

export default defineConfig({
  ...(env('STATE_URL', '') === '' ? {} : { state: postgres(env('STATE_URL')) }),
  flows: {
    same: check.tables({
      left: left.table(table),
      right: right.table(table),
      settleMs: env.number('SETTLE_MS', 100),
      ...(where === '' ? {} : { where }),
      ...(env('ALONE', '') === 'yes'
        ? {}
        : {
            distribute: {
              postgres: env('QUEUE_URL'),
              ranges: env.number('RANGES', 12),
              attempts: env.number('ATTEMPTS', 8),
              leaseMs: env.number('LEASE_MS', 2_000),
              waitMs: env.number('WAIT_MS', 25_000),
              snapshotMs: env.number('SNAPSHOT_MS', 600_000),
            },
          }),
    }),
  },
})
