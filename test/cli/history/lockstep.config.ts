import { check, defineConfig } from 'lockstep'
import { env } from 'lockstep/env'
import { sqlite } from 'lockstep/sqlite'

const left = sqlite(env('LEFT_FILE'))
const right = sqlite(env('RIGHT_FILE'))

/** Two flows that are called as commands are, and one that keeps rows. */
export default defineConfig({
  state: sqlite(env('STATE_FILE')),
  flows: {
    history: check.tables({ left: left.table('records'), right: right.table('records'), settleMs: 0 }),
    rows: check.tables({
      left: left.query('select id, value from records', { key: ['id'] }),
      right: right.table('records', { ignore: ['blob'] }),
      where: { right: 'id < 100' },
      settleMs: 0,
      history: { keepRows: true, keepFindings: 3 },
    }),
    blobs: check.references({
      master: left.table('blobs').column('refs'),
      references: [right.table('records').column('blob', { where: 'id > 0' })],
      settleMs: 0,
    }),
  },
})
