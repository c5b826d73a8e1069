import { check, defineConfig, feed, ndjson } from 'lockstep'
import { env } from 'lockstep/env'
import { folder } from 'lockstep/folder'
import { postgres } from 'lockstep/postgres'

const left = postgres(env('LEFT_URL'))
const right = postgres(env('RIGHT_URL'))
const distribute = { postgres: env('QUEUE_URL') }

/** What the bench of workers shares out, as its processes read it. */
export default defineConfig({
  flows: {
    // Without a pause before second looks: it is the links that are to be slow.
    tables: check.tables({ left: left.table('records'), right: right.table('records'), settleMs: 0, distribute }),
    references: check.references({
      master: left.table('blobs').column('refs'),
      references: ['sent', 'attached', 'contacts', 'bodies'].map((table) => left.table(table).column('blob_id')),
      distribute,
    }),
    feed: feed({ from: left.table('facility'), as: ndjson(), to: folder(env('FEED_FOLDER')), keep: 1, distribute }),
  },
})
