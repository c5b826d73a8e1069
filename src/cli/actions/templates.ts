export const TEMPLATE_NAMES = ['sync', 'check', 'ingest'] as const
export type TemplateName = (typeof TEMPLATE_NAMES)[number]

export interface Template {
  /** Text by file name. */
  readonly files: Readonly<Record<string, string>>
  readonly steps: readonly (readonly [command: string, why: string])[]
}

const ENV_EXAMPLE = `# Copy this to .env and fill it in; what the environment already holds wins over it.
A_URL=postgres://user:password@localhost:5432/a
B_URL=postgres://user:password@localhost:5432/b
`

const SYNC = `import { defineConfig, sync } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'

const a = postgres(env('A_URL'))
const b = postgres(env('B_URL'))

export default defineConfig({
  flows: {
    // A table by its name, read from the catalog, or a Drizzle table object.
    mirror: sync({ table: 'public.records', between: [a, b] }),
  },
})
`

const CHECK = `import { check, defineConfig } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'

const a = postgres(env('A_URL'))
const b = postgres(env('B_URL'))

export default defineConfig({
  flows: {
    // Tables by their names, read from the catalog, or Drizzle table objects.
    same: check.tables({ left: a.table('public.records'), right: b.table('public.records') }),
  },
})
`

const INGEST = `import { defineConfig, ingest } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'
import { pubsub } from 'lockstep/pubsub'
import { Reading } from './reading.js'

const database = postgres(env('DATABASE_URL'))

export default defineConfig({
  flows: {
    readings: ingest({
      // Or kurrentdb(...), kafka(...), files(...).
      from: pubsub({ project: env('PUBSUB_PROJECT'), subscription: env('PUBSUB_SUBSCRIPTION') }),
      schema: Reading,
      // A table by its name, read from the catalog, or a Drizzle table object, which types what \`map\` returns. Of two
      // rows with one key the one with the greater version stays.
      into: database.table('public.readings', { key: ['device'], version: 'taken_at' }),
      map: (reading) => ({ device: reading.device, value: reading.value, taken_at: reading.takenAt }),
    }),
  },
})
`

const READING = `import { z } from 'zod'

/** What a message holds. What does not fit becomes a dead letter: see \`lockstep dead-letters --help\`. */
export const Reading = z.object({
  device: z.string().min(1),
  value: z.number(),
  takenAt: z.iso.datetime({ offset: true }),
})
`

const INGEST_ENV = `# Copy this to .env and fill it in; what the environment already holds wins over it.
DATABASE_URL=postgres://user:password@localhost:5432/app
PUBSUB_PROJECT=my-project
PUBSUB_SUBSCRIPTION=readings
# PUBSUB_EMULATOR_HOST=localhost:8085
`

const FIRST_STEPS = [
  ['cp .env.example .env', 'and put your two databases in it'],
  ['edit lockstep.config.ts', 'name your table instead of public.records'],
  ['npx lockstep doctor', 'is everything in place?'],
] as const

/** `test/cli/init.int.test.ts` compiles and loads each of them. */
export const TEMPLATES: Readonly<Record<TemplateName, Template>> = {
  sync: {
    files: { 'lockstep.config.ts': SYNC, '.env.example': ENV_EXAMPLE },
    steps: [...FIRST_STEPS, ['npx lockstep run', 'start it'], ['npx lockstep check mirror', 'is it all there?']],
  },
  check: {
    files: { 'lockstep.config.ts': CHECK, '.env.example': ENV_EXAMPLE },
    steps: [...FIRST_STEPS, ['npx lockstep check same --more-info', 'compare the two tables']],
  },
  ingest: {
    files: { 'lockstep.config.ts': INGEST, 'reading.ts': READING, '.env.example': INGEST_ENV },
    steps: [
      ['npm install zod @google-cloud/pubsub', 'or another validator, another broker'],
      ['cp .env.example .env', 'and put your database and subscription in it'],
      ['edit lockstep.config.ts, reading.ts', 'name your table, say what a message holds'],
      ['npx lockstep doctor', 'is everything in place?'],
      ['npx lockstep run', 'start it'],
      ['npx lockstep dead-letters list', 'what could not be stored, and why'],
    ],
  },
}
