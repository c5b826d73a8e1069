import { actionsCenter, defineConfig, feed } from 'lockstep'
import { env } from 'lockstep/env'
import { folder } from 'lockstep/folder'
import { mysql } from 'lockstep/mysql'
import { toEntity } from '../entity.js'
import { facility } from './schema.js'

// The same from MySQL or MariaDB.
export default defineConfig({
  flows: {
    facilities: feed({
      from: mysql(env('DATABASE_URL')).table(facility),
      map: toEntity,
      as: actionsCenter('reservewithgoogle.entity'),
      to: folder(env('FEED_FOLDER', 'out')),
      name: env('FEED_NAME', 'facilities'),
      rotate: { rows: env.number('CHUNK_SIZE', 100_000) },
      quarantine: folder(env('REJECTED_FOLDER', 'rejected')),
    }),
  },
})
