import { actionsCenter, defineConfig, feed } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'
import { s3 } from 'lockstep/s3'
import { toEntity } from '../entity.js'
import { facility } from '../schema.js'

// The same into a bucket; credentials and region come from AWS_*, as for any client of S3.
const endpoint = env('S3_ENDPOINT', '')
const bucket = { bucket: env('S3_BUCKET'), ...(endpoint !== '' && { endpoint }) }

export default defineConfig({
  flows: {
    facilities: feed({
      from: postgres(env('DATABASE_URL')).table(facility),
      map: toEntity,
      as: actionsCenter('reservewithgoogle.entity'),
      to: s3({ ...bucket, prefix: 'facilities' }),
      name: env('FEED_NAME', 'facilities'),
      rotate: { rows: env.number('CHUNK_SIZE', 100_000) },
      quarantine: s3({ ...bucket, prefix: 'rejected' }),
    }),
  },
})
