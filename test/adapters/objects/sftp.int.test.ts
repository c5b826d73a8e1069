import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type SftpOptions, sftp } from '../../../src/adapters/objects/sftp/index.js'
import { isObjectMissing, type ObjectStore } from '../../../src/core/object-store.js'
import { Secret } from '../../../src/core/secret.js'
import { objectStoreContract } from '../../contracts/object-store.js'
import { Random } from '../../support/hostile/random.js'
import { startPasswordServer } from '../../support/objects/password-server.js'
import { expectRoundTrips } from '../../support/objects/round-trips.js'
import { CuttingLink, type SftpServer, startSftpServer } from '../../support/objects/sftp-server.js'

const { signal } = new AbortController()

let server: SftpServer
let cutting: CuttingLink
beforeAll(async () => {
  server = await startSftpServer()
  const random = new Random(4)
  // The handshake is some thousand bytes, a step at most half a million.
  cutting = await CuttingLink.start(server.port, () => random.integer(4_000, 3_000_000))
  cutting.cuts = Number.POSITIVE_INFINITY
})
afterAll(async () => {
  await cutting[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function optionsOf(more: Partial<Record<keyof SftpOptions, unknown>> = {}): SftpOptions {
  const { port, user, privateKey, hostKey } = server
  const path = join(server.path, randomBytes(6).toString('hex'))
  return { host: '127.0.0.1', port, user, path, hostKey, privateKey: new Secret(privateKey), ...more } as SftpOptions
}
const storeOf = (more: Partial<Record<keyof SftpOptions, unknown>> = {}): ObjectStore => sftp(optionsOf(more))

objectStoreContract('OpenSSH', async () => ({ store: storeOf(), [Symbol.asyncDispose]: async () => undefined }))

objectStoreContract('OpenSSH, whose connections are cut', async () => ({
  store: storeOf({ port: cutting.port, retryMs: 60_000 }),
  [Symbol.asyncDispose]: async () => undefined,
}))

const put = async (store: ObjectStore, name: string, text = name): Promise<void> => {
  const writer = await store.create(name, { contentType: 'text/plain', signal })
  try {
    await writer.write(Buffer.from(text))
    await writer.commit()
  } catch (error) {
    await writer.abort()
    throw error
  }
}

describe('sftp', () => {
  it('goes on where it was when the connection is cut, up and down, and leaves nothing behind', async () => {
    await using link = await CuttingLink.start(server.port, () => 3_000_000)
    const path = join(server.path, 'cut')
    link.cuts = 8
    await expectRoundTrips(storeOf({ port: link.port, path }), { objects: 3, bytes: 12_000_000 })
    expect(link.made).toBeGreaterThanOrEqual(6)
    expect((await readdir(path)).sort()).toEqual(['trip-0.bin', 'trip-1.bin', 'trip-2.bin'])
  })

  it('makes a copy by a second link, and where there are none by sending the bytes again', async () => {
    for (const [port, links] of [
      [server.port, 2],
      [server.linklessPort, 1],
    ] as const) {
      const path = join(server.path, `copies-${links}`)
      const store = storeOf({ port, path })
      await put(store, 'one', 'as it is')
      await store.copier?.copy('one', 'two', { contentType: 'text/plain', signal })
      expect(await readFile(join(path, 'two'), 'utf8')).toBe('as it is')
      expect((await stat(join(path, 'two'))).nlink).toBe(links)
      const again = store.copier?.copy('one', 'two', { contentType: 'text/plain', signal })
      await expect(again).rejects.toMatchObject({ code: 'object-exists' })
      const missing = store.copier?.copy('none', 'three', { contentType: 'text/plain', signal })
      await expect(missing).rejects.toSatisfy(isObjectMissing)
      expect((await readdir(path)).sort()).toEqual(['one', 'two'])
    }
  })

  it('goes by the file of known hosts, and by fingerprints', async () => {
    await put(storeOf({ hostKey: undefined, knownHosts: server.knownHosts }), 'a')
    await put(storeOf({ hostKey: [`SHA256:${'A'.repeat(43)}`, server.hostKey] }), 'a')
  })

  it('sends nothing to a server that it does not know, and says which key that has shown', async () => {
    const path = join(server.path, 'unknown')
    const wrong = `SHA256:${'A'.repeat(43)}`
    const empty = join(server.path, 'nobody')
    await writeFile(empty, '')
    const other = join(server.path, 'another')
    const line = (await readFile(server.knownHosts, 'utf8')).split('\n')[0] ?? ''
    const [name, type, key = ''] = line.split(' ')
    await writeFile(other, `${name} ${type} ${key.slice(0, -8)}AAAAAAAA\n`)
    for (const [more, says] of [
      [{ hostKey: wrong }, 'is not the one that is known'],
      [{ hostKey: undefined, knownHosts: other }, 'is not the one that is known'],
      [{ hostKey: undefined, knownHosts: empty }, 'is not known; nothing was sent'],
    ] as const) {
      const shown = `127.0.0.1 shows, ${server.hostKey}, ${says}`
      const error = { name: 'ConfigError', code: 'sftp-host-key', message: expect.stringContaining(shown) }
      await expect(put(storeOf({ path, ...more }), 'a')).rejects.toMatchObject(error)
      expect((await storeOf({ path, ...more }).diagnose(signal)).map(({ level }) => level)).toEqual(['error'])
    }
    await expect(readdir(path)).rejects.toMatchObject({ code: 'ENOENT' })
    const unread = storeOf({ hostKey: undefined, knownHosts: join(server.path, 'nowhere') })
    await expect(put(unread, 'a')).rejects.toMatchObject({ code: 'sftp-known-hosts' })
  })

  it('warns when it is told to take anybody for the server', async () => {
    const store = storeOf({ hostKey: undefined, insecureHostKey: true })
    await put(store, 'a')
    expect(await store.diagnose(signal)).toMatchObject([
      { level: 'warn', message: expect.stringContaining('insecureHostKey') },
    ])
  })

  it('says what is wrong with the login, the key, the folder and the server', async () => {
    const cases = [
      {
        more: { privateKey: server.strangeKey },
        error: {
          name: 'UnavailableError',
          code: 'store-credentials',
          message: expect.stringContaining(`login of ${server.user} by key); put its public key into authorized_keys`),
        },
      },
      {
        more: { port: server.readOnlyPort, path: server.path },
        error: {
          name: 'ConfigError',
          code: 'store-refused',
          message: expect.stringContaining(`${server.user} may not write into ${server.path} (permission denied)`),
        },
      },
      { more: { privateKey: 'no key' }, error: { name: 'ConfigError', code: 'sftp-key' } },
      { more: { path: join(server.path, 'not', 'there') }, error: { name: 'ConfigError', code: 'store-missing' } },
      { more: { port: 1, retryMs: 100 }, error: { name: 'UnavailableError', code: 'store-unavailable' } },
    ]
    for (const { more, error } of cases) {
      const failed = await put(storeOf(more), 'a').catch((each: unknown) => each)
      expect(failed, JSON.stringify(more)).toMatchObject(error)
      expect(String(failed)).not.toContain(server.strangeKey.slice(40, 80))
      expect((await storeOf(more).diagnose(signal)).map(({ level }) => level)).toEqual(['error'])
    }
  })

  it('logs in by an agent, and says what the agent lacks', async () => {
    const socket = join(server.path, '..', 'agent')
    const env = { ...process.env, SSH_AUTH_SOCK: socket }
    const byAgent = storeOf({ privateKey: undefined, agent: socket, retryMs: 100 })
    const refused = { name: 'UnavailableError', code: 'store-credentials' }
    await expect(put(byAgent, 'a')).rejects.toMatchObject({ ...refused, message: expect.stringContaining(socket) })
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    try {
      await vi.waitFor(() => stat(socket), { timeout: 20_000, interval: 20 })
      const message = expect.stringContaining(`login of ${server.user} by agent); see with ssh-add -l`)
      await expect(put(byAgent, 'a')).rejects.toMatchObject({ ...refused, message })
      await promisify(execFile)('ssh-add', ['-q', join(server.path, '..', 'login')], { env })
      await put(byAgent, 'a')
      expect((await byAgent.list('', signal)).map(({ name }) => name)).toEqual(['a'])
    } finally {
      const ended = once(agent, 'exit')
      agent.kill('SIGTERM')
      await ended
    }
  })

  it('logs in by password, and says when it is refused, not with what', async () => {
    const password = `right ${randomBytes(8).toString('hex')}`
    await using asking = await startPasswordServer('feeder', password)
    const { port, hostKey } = asking
    const path = join(server.path, 'by-password')
    const by = (tried: string) =>
      storeOf({ user: 'feeder', privateKey: undefined, password: new Secret(tried), port, hostKey, path, retryMs: 100 })
    await put(by(password), 'a')
    await expectRoundTrips(by(password), { objects: 2, bytes: 3_000_000 })
    expect((await readdir(path)).sort()).toEqual(['a', 'trip-0.bin', 'trip-1.bin'])
    expect(asking.refused).toBe(0)
    const wrong = `wrong ${password}`
    const failed = await put(by(wrong), 'b').catch((error: unknown) => error)
    const message = expect.stringContaining('login of feeder by password')
    expect(failed).toMatchObject({ name: 'UnavailableError', code: 'store-credentials', message })
    expect(asking.refused).toBeGreaterThan(0)
    const told = inspect([failed, await by(wrong).diagnose(signal)], { depth: 20, showHidden: true })
    expect(told).not.toContain(password)
  })

  it('gives up on a server that does not answer', async () => {
    await using silent = await CuttingLink.start(1, () => Number.POSITIVE_INFINITY)
    const { createServer } = await import('node:net')
    const mute = createServer(() => undefined)
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const address = mute.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const slow = put(storeOf({ port, timeoutMs: 300, retryMs: 100 }), 'a')
    await expect(slow).rejects.toMatchObject({ name: 'UnavailableError' })
    await expect(put(storeOf({ port: silent.port, retryMs: 100 }), 'a')).rejects.toMatchObject({
      name: 'UnavailableError',
    })
    mute.close()
  })

  it('does not touch what others have in the folder', async () => {
    const options = optionsOf()
    const store = sftp(options)
    await put(store, 'a')
    const path = options.path ?? ''
    await writeFile(join(path, '.profile'), 'theirs')
    await store.sweep('', -60_000, signal)
    expect((await store.list('', signal)).map(({ name }) => name)).toEqual(['a'])
    expect(await readFile(join(path, '.profile'), 'utf8')).toBe('theirs')
  })

  it('wants one way to know the server and one to log in, and no way up', () => {
    expect(() => sftp(optionsOf({ hostKey: undefined }))).toThrow(/exactly one is needed/)
    expect(() => sftp(optionsOf({ knownHosts: 'a' }))).toThrow(/exactly one is needed/)
    expect(() => sftp(optionsOf({ password: 'a' }))).toThrow(/exactly one is needed/)
    expect(() => sftp(optionsOf({ privateKey: undefined }))).toThrow(/exactly one is needed/)
    expect(() => sftp(optionsOf({ path: '../a' }))).toThrow(/sftp\(\{ path \}\)/)
    expect(() => sftp(optionsOf({ hostKey: 'MD5:aa' }))).toThrow(/sftp\(\{ hostKey \}\)/)
    // @ts-expect-error: the server has to be known by something
    expect(() => sftp({ host: 'a', user: 'b', password: 'c' })).toThrow(/exactly one is needed/)
    const label = storeOf({ host: 'files.example', port: undefined, path: 'feeds' }).label
    expect(label).toBe(`sftp://${server.user}@files.example/./feeds`)
  })
})
