import { check, defineConfig } from 'lockstep'
import { env } from 'lockstep/env'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'

const main = postgres(env('MAIN_URL'))
const other = mysql(env('OTHER_URL'))
const where = env('WHERE', '')

const distribute =
  env('ALONE', '') === 'yes'
    ? {}
    : {
        distribute: {
          postgres: env('QUEUE_URL'),
          ranges: env.number('RANGES', 6),
          attempts: env.number('ATTEMPTS', 8),
          leaseMs: env.number('LEASE_MS', 2_000),
          waitMs: 60_000,
        },
      }
const settleMs = env.number('SETTLE_MS', 100)

export default defineConfig({
  ...(env('STATE_URL', '') === '' ? {} : { state: postgres(env('STATE_URL')) }),
  flows: {
    blobs: check.references({
      master: main.table('blobs').column('n'),
      references: [
        main.table('mails').column('blob_id', where === '' ? {} : { where }),
        other.table('notes').column('blob_id'),
      ],
      none: [null, 0],
      settleMs,
      ...distribute,
    }),
    mails: check.references({
      master: main.table('blobs').column('n'),
      references: [main.table('mails').column('blob_id')],
      none: [null, 0],
      settleMs,
      ...distribute,
    }),
    // The server of the master cannot sample its keys.
    names: check.references({
      master: other.table('names').column('n'),
      references: [main.table('uses').column('name')],
      settleMs,
      ...distribute,
    }),
  },
})
