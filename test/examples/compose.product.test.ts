import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { EXAMPLES, schemaOf } from './example.js'

const run = promisify(execFile)
/** The client is enough: nothing is started. */
const hasCompose = await run('docker', ['compose', 'version']).then(
  () => true,
  () => false,
)

it.each(['scans', 'quotes', 'blobs', 'facilities'])(
  'the services of examples/%s are where its .env.example says',
  async (name) => {
    const compose = await schemaOf(`${name}/compose.yaml`)
    const published = [...compose.matchAll(/"127\.0\.0\.1:(\d+):\1"/g)].map(([, port]) => port)
    const env = await schemaOf(`${name}/.env.example`)
    const wanted = [...env.matchAll(/localhost:(\d+)/g)].map(([, port]) => port)
    expect(wanted.length).toBeGreaterThan(0)
    expect(published).toEqual(expect.arrayContaining(wanted))
    // For nobody but this machine, and each says when it is ready.
    expect(compose.match(/^ {4}ports:/gm)).toHaveLength(published.length)
    expect(compose.match(/^ {4}healthcheck:/gm)).toHaveLength(published.length)
    for (const [, file = ''] of compose.matchAll(/"(\.\/[^:]+):/g))
      expect(existsSync(join(EXAMPLES, name, file)), file).toBe(true)
  },
)

// Where there is no such command there is no such test: nothing is skipped.
if (hasCompose) {
  it.each(['scans', 'quotes', 'blobs', 'facilities'])('docker compose takes the file of examples/%s', async (name) => {
    const file = join(EXAMPLES, name, 'compose.yaml')
    await run('docker', ['compose', '--file', file, 'config', '--quiet'], { cwd: dirname(file) })
  })
}
