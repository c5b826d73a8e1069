import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder } from '../../../src/adapters/objects/files/index.js'
import { ConfigError } from '../../../src/core/errors.js'
import { objectStoreContract } from '../../contracts/object-store.js'

const { signal } = new AbortController()

async function place(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'lockstep-folder-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

objectStoreContract('a folder', async () => {
  const { path, [Symbol.asyncDispose]: dispose } = await place()
  return { store: folder(join(path, 'out')), [Symbol.asyncDispose]: dispose }
})

describe('folder', () => {
  it('makes itself, but not the folder above, which may be a disk that is not mounted', async () => {
    await using at = await place()
    const writer = await folder(join(at.path, 'new')).create('a', { contentType: 'text/plain', signal })
    await writer.commit()
    expect(await readdir(join(at.path, 'new'))).toEqual(['a'])
    const unmounted = folder(join(at.path, 'disk', 'feeds'))
    await expect(unmounted.create('a', { contentType: 'text/plain', signal })).rejects.toMatchObject({
      code: 'folder-missing',
    })
    expect(await unmounted.diagnose(signal)).toMatchObject([{ level: 'error' }])
  })

  it('refuses to follow a link out of itself, and replaces it without touching where it leads', async () => {
    await using at = await place()
    const secret = join(at.path, 'secret')
    await writeFile(secret, 'not yours')
    await mkdir(join(at.path, 'out'))
    await symlink(secret, join(at.path, 'out', 'a'))
    const store = folder(join(at.path, 'out'))
    await expect(firstOf(store.read('a', signal))).rejects.toThrow()
    const writer = await store.create('a', { contentType: 'text/plain', replace: true, signal })
    await writer.write(Buffer.from('mine'))
    await writer.commit()
    expect(await readFile(secret, 'utf8')).toBe('not yours')
    expect(await readFile(join(at.path, 'out', 'a'), 'utf8')).toBe('mine')
  })

  it('says so when its path is a file', async () => {
    await using at = await place()
    await writeFile(join(at.path, 'file'), '')
    const store = folder(join(at.path, 'file'))
    await expect(store.create('a', { contentType: 'text/plain', signal })).rejects.toMatchObject({
      code: 'folder-kind',
    })
    expect(await store.diagnose(signal)).toMatchObject([{ level: 'error' }])
  })

  it('wants a path', () => {
    expect(() => folder('')).toThrow(ConfigError)
    expect(() => folder('a\0b')).toThrow(ConfigError)
  })
})

async function firstOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  for await (const chunk of chunks) return chunk
  return undefined
}
