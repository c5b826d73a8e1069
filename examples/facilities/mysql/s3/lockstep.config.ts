import { actionsCenter, defineConfig, feed } from 'lockstep'
import { env } from 'lockstep/env'
import { mysql } from 'lockstep/mysql'
import { s3 } from 'lockstep/s3'
import { toEntity } from '../../entity.js'
import { facility } from '../schema.js'

// From MySQL or MariaDB into a bucket; credentials and region come from AWS_*, as for any client of S3.
const endpoint = env('S3_ENDPOINT', '')
const bucket = { bucket: env('S3_BUCKET'), ...(endpoint !== '' && { endpoint }) }

export default defineConfig({
  flows: {
    facilities: feed({
      from: mysql(env('DATABASE_URL')).table(facility),
      map: toEntity,
      as: actionsCenter('reservewithgoogle.entity'),
      to: s3({ ...bucket, prefix: 'facilities' }),
      name: env('FEED_NAME', 'facilities'),
      rotate: { rows: env.number('CHUNK_SIZE', 100_000) },
      quarantine: s3({ ...bucket, prefix: 'rejected' }),
    }),
  },
})
