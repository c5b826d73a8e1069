import { Kafka, logLevel } from 'kafkajs'
import { defineConfig, ingest } from 'lockstep'
import { kafka } from 'lockstep/kafka'
import { kurrentdb } from 'lockstep/kurrentdb'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { pubsub } from 'lockstep/pubsub'
import { redis } from 'lockstep/redis'
import { z } from 'zod'
import type { IngestSetup, StreamSetup, TableName } from './setup.js'

const setup: IngestSetup = JSON.parse(process.env['INGEST_SETUP'] ?? '')
const { into, cache, stopAbove, orphans, mended = false } = setup
// A process that is frozen within a transaction keeps its rows locked for so long; the default is a minute.
const limits = { idleTransactionMs: 8_000 }
const database = into.engine === 'postgres' ? postgres(into.url, limits) : mysql(into.url, limits)
const tables = {
  sensors: database.table('sensors', { key: ['sensor'] }),
  readings: database.table('readings', { key: ['sensor'], version: 'version' }),
  effects: database.table('effects', { key: ['id'] }),
}
const names: readonly TableName[] = setup.tables ?? ['readings', 'effects']

const version = z.number().int()
const Reading = z.object({
  kind: z.enum(['sensor', 'reading']).default('reading'),
  sensor: z.number().int(),
  version: mended ? z.union([version, z.string().regex(/^v\d+$/)]) : version,
  value: z.string().min(1),
})

export default defineConfig({
  flows: {
    readings: ingest({
      from: stream(setup.from),
      into: Object.fromEntries(names.map((name) => [name, tables[name]])),
      schema: Reading,
      map: ({ kind, sensor, value, ...rest }, { id }) => ({
        ...(kind === 'sensor' ? { sensors: { sensor } } : {}),
        ...(kind === 'reading'
          ? { readings: { sensor, version: Number(String(rest.version).replace('v', '')), value } }
          : {}),
        ...(names.includes('effects') ? { effects: { id, sensor } } : {}),
      }),
      batch: { items: setup.batchItems ?? 50 },
      holdRetryMs: 500,
      ...(cache === undefined ? {} : { cache: redis(cache) }),
      ...(stopAbove === undefined ? {} : { stopAbove }),
      ...(orphans === undefined ? {} : { orphans }),
    }),
  },
})

function stream(from: StreamSetup) {
  switch (from.system) {
    case 'pubsub': {
      const { address, subscription, leaseMs, maxMessages, maxBytes, silenceMs = 1_000 } = from
      return pubsub({
        project: 'lockstep-test',
        emulatorHost: address,
        subscription,
        leaseMs,
        maxMessages,
        ...(maxBytes === undefined ? {} : { maxBytes }),
        quietMs: 500,
        silenceMs,
      })
    }
    case 'kurrentdb': {
      const { url, group } = from
      if (group === undefined) return kurrentdb({ url })
      return kurrentdb({ url, subscription: { group, create: true, strategy: 'round-robin', bufferSize: 200 } })
    }
    case 'kafka': {
      const { brokers, topic, group, sessionTimeoutMs } = from
      const client = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50 } })
      return kafka({ client, topics: [topic], groupId: group, sessionTimeoutMs, heartbeatMs: 300 })
    }
  }
}
