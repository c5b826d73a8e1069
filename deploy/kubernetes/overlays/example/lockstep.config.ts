import { check, defineConfig, ingest, sync } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'
import { pubsub } from 'lockstep/pubsub'
import { z } from 'zod'
import { records, scanResults } from './schema.js'

const a = postgres(env('A_URL'))
const b = postgres(env('B_URL'))

const Scan = z.object({ ip: z.union([z.ipv4(), z.ipv6()]), port: z.int(), service: z.string(), at: z.iso.datetime() })

export default defineConfig({
  flows: {
    mirror: sync({ table: records, between: [a, b] }),
    same: check.tables({
      left: a.table(records),
      right: b.table(records),
      distribute: { postgres: env('QUEUE_URL'), ranges: 32 },
    }),
    scans: ingest({
      from: pubsub({ project: env('PUBSUB_PROJECT'), subscription: 'scan-sub' }),
      schema: Scan,
      into: a.table(scanResults, { version: 'lastSeen' }),
      map: ({ at, ...scan }) => ({ ...scan, lastSeen: new Date(at) }),
    }),
  },
})
