import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SftpOptions, sftp } from '../../../src/adapters/objects/sftp/index.js'
import type { ObjectStore } from '../../../src/core/object-store.js'
import { Secret } from '../../../src/core/secret.js'
import { objectStoreContract } from '../../contracts/object-store.js'
import { expectRoundTrips } from '../../support/objects/round-trips.js'
import { CuttingLink, type SftpServer, startSftpServer } from '../../support/objects/sftp-server.js'

const { signal } = new AbortController()

let server: SftpServer
beforeAll(async () => {
  server = await startSftpServer()
})
afterAll(() => server[Symbol.asyncDispose]())

function optionsOf(more: Partial<Record<keyof SftpOptions, unknown>> = {}): SftpOptions {
  const { port, user, privateKey, hostKey } = server
  const path = join(server.path, randomBytes(6).toString('hex'))
  return { host: '127.0.0.1', port, user, path, hostKey, privateKey: new Secret(privateKey), ...more } as SftpOptions
}
const storeOf = (more: Partial<Record<keyof SftpOptions, unknown>> = {}): ObjectStore => sftp(optionsOf(more))

objectStoreContract('OpenSSH', async () => ({ store: storeOf(), [Symbol.asyncDispose]: async () => undefined }))

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
    await using link = await CuttingLink.start(server.port, 3_000_000)
    const path = join(server.path, 'cut')
    link.cuts = 8
    await expectRoundTrips(storeOf({ port: link.port, path }), { objects: 3, bytes: 12_000_000 })
    expect(link.made).toBeGreaterThanOrEqual(6)
    expect((await readdir(path)).sort()).toEqual(['trip-0.bin', 'trip-1.bin', 'trip-2.bin'])
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
    for (const more of [{ hostKey: wrong }, { hostKey: undefined, knownHosts: empty }]) {
      const error = { name: 'ConfigError', code: 'sftp-host-key', message: expect.stringContaining(server.hostKey) }
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
      { more: { privateKey: server.strangeKey }, error: { name: 'UnavailableError', code: 'store-credentials' } },
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

  it('gives up on a server that does not answer', async () => {
    await using silent = await CuttingLink.start(1, Number.POSITIVE_INFINITY)
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
