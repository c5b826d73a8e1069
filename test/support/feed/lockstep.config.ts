import { defineConfig, feed, ndjson } from 'lockstep'
import { env } from 'lockstep/env'
import { folder } from 'lockstep/folder'
import { postgres } from 'lockstep/postgres'

const database = postgres(env('FEED_URL'))

/** Small files, so that a short run comes by every failpoint several times. */
export default defineConfig({
  flows: {
    versions: feed({
      from: database.table('versions'),
      as: ndjson(),
      to: folder(String(process.env['FEED_FOLDER'])),
      rotate: { rows: 400 },
      keep: 3,
      patienceMs: 1_000,
    }),
  },
})
