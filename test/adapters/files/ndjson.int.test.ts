import { appendFile, readFile, stat } from 'node:fs/promises'
import { ndjson } from 'lockstep/files'
import { describe, expect, it } from 'vitest'
import type { OutgoingMessage } from '../../../src/core/message.js'
import { Folder } from './folder.js'

const { signal } = new AbortController()
const message = (body: string | Uint8Array, key?: string): OutgoingMessage => ({
  key,
  headers: { code: 'x' },
  body: Buffer.from(body),
})
const parsed = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('ndjson', () => {
  it('appends a line for each message, in order, to what is there', async () => {
    await using folder = await Folder.make()
    const path = folder.file('dead.ndjson')
    {
      await using writer = ndjson(path).open()
      await Promise.all([
        writer.write([message('{"a":12345678901234567890}', 'k'), message('{\n}')], signal),
        writer.write([message('c')], signal),
      ])
      await writer.write([], signal)
    }
    await using writer = ndjson(path).open()
    await writer.write([message(Buffer.from([0xff, 0x00]))], signal)
    expect(await parsed(path)).toEqual([
      { key: 'k', headers: { code: 'x' }, json: { a: 12345678901234567000 } },
      { headers: { code: 'x' }, body: '{\n}' },
      { headers: { code: 'x' }, body: 'c' },
      { headers: { code: 'x' }, base64: '/wA=' },
    ])
    expect(await readFile(path, 'utf8')).toContain('"json":{"a":12345678901234567890}')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('does not append to a line that a crash cut off', async () => {
    await using folder = await Folder.make()
    const path = folder.file('dead.ndjson')
    await appendFile(path, '{"key":"cut')
    await using writer = ndjson(path).open()
    await writer.write([message('a')], signal)
    const [torn, whole] = (await readFile(path, 'utf8')).split('\n')
    expect(torn).toBe('{"key":"cut')
    expect(JSON.parse(whole ?? '')).toMatchObject({ body: 'a' })
  })

  it('waits for a folder that is away, and writes once it is back', async () => {
    await using folder = await Folder.make()
    const path = folder.file('dead.ndjson')
    await using writer = ndjson(path).open()
    await folder.away(true)
    await expect(writer.write([message('a')], signal)).rejects.toMatchObject({ name: 'UnavailableError' })
    expect(await ndjson(path).diagnose(signal)).toMatchObject([{ level: 'error' }])
    await folder.away(false)
    await writer.write([message('a')], signal)
    expect(await parsed(path)).toMatchObject([{ body: 'a' }])
    expect(await ndjson(path).diagnose(signal)).toMatchObject([{ level: 'ok' }])
  })

  it('says so when the disk is full', async () => {
    await using writer = ndjson('/dev/full').open()
    await expect(writer.write([message('a')], signal)).rejects.toMatchObject({
      name: 'UnavailableError',
      code: 'disk-full',
    })
  })

  it('refuses what is no path', () => {
    expect(() => ndjson('a\0b')).toThrowError(expect.objectContaining({ name: 'ConfigError' }))
  })
})
