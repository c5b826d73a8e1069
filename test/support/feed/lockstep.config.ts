import { defineConfig, feed, ndjson } from 'lockstep'
import { env } from 'lockstep/env'
import { folder } from 'lockstep/folder'
import { postgres } from 'lockstep/postgres'
import { s3 } from 'lockstep/s3'

const database = postgres(env('FEED_URL'))
const endpoint = process.env['FEED_S3']
const where = process.env['FEED_WHERE']

/** Small files, so that a short run comes by every failpoint several times. */
export default defineConfig({
  flows: {
    versions: feed({
      from: database.table('versions'),
      ...(where === undefined ? {} : { where }),
      as: ndjson(),
      to:
        endpoint === undefined
          ? folder(String(process.env['FEED_FOLDER']))
          : s3({ bucket: 'feeds', prefix: 'kill', endpoint }),
      readers: 2,
      rotate: { rows: 400 },
      keep: 3,
      patienceMs: 1_000,
    }),
  },
})
