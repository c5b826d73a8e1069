import { defineConfig, ingest } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'
import { pubsub } from 'lockstep/pubsub'
import { Scan } from './scan.js'
import { scanResults } from './schema.js'

const database = postgres(env('DATABASE_URL'))

export default defineConfig({
  flows: {
    scans: ingest({
      from: pubsub({ project: env('PUBSUB_PROJECT'), subscription: env('PUBSUB_SUBSCRIPTION', 'scan-sub') }),
      schema: Scan,
      into: database.table(scanResults, { version: 'lastSeen' }),
      map: (scan) => scan,
    }),
  },
})
