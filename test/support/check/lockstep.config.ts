import { check, defineConfig } from 'lockstep'
import { env } from 'lockstep/env'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'

const main = postgres(env('MAIN_URL'))
const other = mysql(env('OTHER_URL'))

export default defineConfig({
  state: postgres(env('STATE_URL')),
  flows: {
    blobs: check.references({
      master: main.table('blobs').column('n'),
      references: [main.table('sent').column('b'), other.table('received').column('b')],
      settleMs: 50,
    }),
    same: check.tables({ left: main.table('orders'), right: other.table('orders'), settleMs: 50 }),
  },
})
