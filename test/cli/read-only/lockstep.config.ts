import { check, defineConfig, feed } from 'lockstep'
import { env } from 'lockstep/env'
import { folder } from 'lockstep/folder'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'

const pg = postgres(env('PG_URL'), { insecureTls: 'plaintext' })
const my = mysql(env('MY_URL'), { insecureTls: 'plaintext' })
const state = env('STATE_URL', 'none')

/** Flows that only read, over databases of which they may not change anything. */
export default defineConfig({
  ...(state === 'none' ? {} : { state: postgres(state, { insecureTls: 'plaintext' }) }),
  flows: {
    same: check.tables({ left: pg.table('records'), right: my.table('records') }),
    blobs: check.references({
      master: my.table('blobs').column('refs'),
      references: [pg.table('messages').column('blob')],
      settleMs: 0,
    }),
    published: feed({ from: pg.table('records'), to: folder(env('FEED_FOLDER')) }),
  },
})
