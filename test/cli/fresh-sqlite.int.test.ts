import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'

/** A file that no flow has written to: there is nothing to tell yet, and nothing is wrong. */
const CONFIG = `import { integer, sqliteTable } from 'drizzle-orm/sqlite-core'
import { defineConfig, ingest } from 'lockstep'
import { env } from 'lockstep/env'
import { files } from 'lockstep/files'
import { sqlite } from 'lockstep/sqlite'

const notes = sqliteTable('notes', { id: integer().primaryKey() })

export default defineConfig({
  flows: { notes: ingest({ from: files({ path: 'notes.ndjson' }), into: sqlite(env('FILE')).table(notes), map: ({ id }: { id: number }) => ({ id }) }) },
})
`

let cli: BuiltCli
let folder = ''

beforeAll(async () => {
  cli = await builtCli()
  // Below the checkout, so that the config finds Drizzle.
  folder = await mkdtemp(join(fileURLToPath(new URL('../../.lockstep', import.meta.url)), 'fresh-'))
  await writeFile(join(folder, 'lockstep.config.ts'), CONFIG)
})
afterAll(async () => {
  await cli[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

it.each([
  [['status'], /notes +never run/],
  [['dead-letters', 'list', 'notes'], /no dead letters/i],
])('lockstep %j says so', async (args, said) => {
  const ended = await cli.start(args, { cwd: folder, env: { FILE: join(folder, 'fresh.db') } }).ended
  expect(ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(said) })
})
