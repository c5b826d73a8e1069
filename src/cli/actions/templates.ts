export type TemplateName = 'sync' | 'check'

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

const FIRST_STEPS = [
  ['cp .env.example .env', 'and put your two databases in it'],
  ['edit lockstep.config.ts', 'name your table instead of public.records'],
  ['npx lockstep doctor', 'is everything in place?'],
] as const

/** `test/cli/init.int.test.ts` loads each of them. */
export const TEMPLATES: Readonly<Record<TemplateName, Template>> = {
  sync: {
    files: { 'lockstep.config.ts': SYNC, '.env.example': ENV_EXAMPLE },
    steps: [...FIRST_STEPS, ['npx lockstep run', 'start it'], ['npx lockstep check mirror', 'is it all there?']],
  },
  check: {
    files: { 'lockstep.config.ts': CHECK, '.env.example': ENV_EXAMPLE },
    steps: [...FIRST_STEPS, ['npx lockstep check same --more-info', 'compare the two tables']],
  },
}
