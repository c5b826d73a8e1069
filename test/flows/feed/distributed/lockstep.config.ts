import { setTimeout } from 'node:timers/promises'
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { defineConfig, feed, ndjson } from 'lockstep'
import { env } from 'lockstep/env'
import { folder } from 'lockstep/folder'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { s3 } from 'lockstep/s3'

const database = postgres(env('FEED_URL'))
const endpoint = env('FEED_S3', '')
const where = env('WHERE', '')
const pauseMs = env.number('PAUSE_MS', 0)

const facility = pgTable('facility', {
  id: bigint({ mode: 'bigint' }).primaryKey(),
  name: text().notNull(),
  version: integer().notNull(),
})

/** Now and then it takes its time, so that there is a middle of a range. */
async function toEntity({ id, name, version }: typeof facility.$inferSelect) {
  if (pauseMs > 0 && Number(id) % 100 === 0) await setTimeout(pauseMs)
  if (name.startsWith('bad')) throw new TypeError('of a row')
  return name === 'hidden' ? undefined : { id: String(id), name, version }
}

const maria = env('FEED_MYSQL', '')
const alone = env('ALONE', '') === 'yes'
const distribute = {
  postgres: env('QUEUE_URL'),
  ranges: env.number('RANGES', 6),
  attempts: env.number('ATTEMPTS', 8),
  leaseMs: 2_000,
  waitMs: 25_000,
}

export default defineConfig({
  flows: {
    ...(maria === ''
      ? {}
      : {
          wards: feed({
            from: mysql(maria).table('ward'),
            map: async (row) => {
              if (pauseMs > 0 && Number(row['number']) % 100 === 0) await setTimeout(pauseMs)
              return row
            },
            as: ndjson(),
            to: folder(env('FEED_FOLDER')),
            rotate: { rows: 600 },
            ...(alone ? {} : { distribute, consistency: 'ranges' }),
          }),
        }),
    facilities: feed({
      from: database.table(facility),
      map: toEntity,
      as: ndjson(),
      to: endpoint === '' ? folder(env('FEED_FOLDER')) : s3({ bucket: 'feeds', prefix: 'shared', endpoint }),
      ...(env('QUARANTINE', '') === '' ? {} : { quarantine: folder(env('QUARANTINE')) }),
      ...(where === '' ? {} : { where }),
      rotate: { rows: 600 },
      keep: 3,
      patienceMs: 2_000,
      ...(alone ? {} : { distribute }),
    }),
  },
})
