import { mkdir, rm, truncate } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { files } from 'lockstep/files'
import { describe, expect, it } from 'vitest'
import { Folder } from './folder.js'
import { OPTIONS, readThrough } from './reading.js'

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `{"n":${from + at}}`)
const lines = (from: number, to: number) => numbers(from, to).map((line) => `${line}\n`)

describe('files', () => {
  it('reads what a glob names, sorted, each file once and in its order', async () => {
    await using folder = await Folder.make()
    await mkdir(folder.file('deep'))
    await folder.write('deep/c.ndjson', lines(20, 25).join(''))
    await folder.write('b.ndjson', lines(10, 18).join(''))
    await folder.write('a.ndjson.gz', gzipSync(lines(0, 10).join('')))
    await folder.write('other.txt', 'no')
    const path = [folder.file('**/*.ndjson'), folder.file('*.{ndjson,ndjson.gz}')]
    const { batches, bodies, error } = await readThrough(files({ path }))
    expect(error).toBeUndefined()
    expect([...new Set(batches.map(({ lane }) => lane))]).toEqual(
      ['a.ndjson.gz', 'b.ndjson', 'deep/c.ndjson'].map((name) => folder.file(name)),
    )
    expect([...bodies].sort()).toEqual([...numbers(0, 18), ...numbers(20, 25)].sort())
    for (const [lane, wanted] of [
      ['a.ndjson.gz', numbers(0, 10)],
      ['deep/c.ndjson', numbers(20, 25)],
    ] as const) {
      const own = batches.filter((batch) => batch.lane === folder.file(lane)).flatMap(({ items }) => [...items])
      expect(own.map(({ body }) => Buffer.from(body).toString())).toEqual(wanted)
    }
  })

  it('gives messages that say where they are from', async () => {
    await using folder = await Folder.make()
    const path = await folder.write('a.ndjson', '\ufeff{}\r\n\n[1]')
    const { batches } = await readThrough(files({ path }))
    const rest = { key: undefined, type: undefined, headers: {}, metadata: undefined, publishedAt: undefined }
    expect(batches.map(({ items }) => [...items])).toEqual([
      [
        { id: `${path}@0`, stream: path, revision: 0n, body: Buffer.from('{}'), ...rest },
        { id: `${path}@8`, stream: path, revision: 8n, body: Buffer.from('[1]'), ...rest },
      ],
    ])
  })

  it('closes a batch by rows and by bytes', async () => {
    await using folder = await Folder.make()
    const path = await folder.write('a.ndjson', lines(10, 20).join(''))
    const sizes = async (batch: Partial<typeof OPTIONS.batch>) =>
      (
        await readThrough(files({ path }), undefined, { ...OPTIONS, batch: { ...OPTIONS.batch, ...batch } })
      ).batches.map(({ items }) => items.length)
    expect(await sizes({ items: 4 })).toEqual([4, 4, 2])
    expect(await sizes({ items: 100, bytes: 16 })).toEqual([2, 2, 2, 2, 2])
  })

  it('goes on at every position, also of a file that grew', async () => {
    await using folder = await Folder.make()
    for (const name of ['a.ndjson', 'a.ndjson.gz', 'a.csv', 'a.csv.gz']) {
      const csv = name.includes('csv')
      const head = csv ? 'n,text\r\n' : ''
      const record = (n: number) => (csv ? `${n},"a\n\r\n${n}"\r\n` : `{"n":${n}}\n`)
      await folder.append(name, head + Array.from({ length: 10 }, (_, n) => record(n)).join(''))
      const options = { ...OPTIONS, batch: { ...OPTIONS.batch, items: 1 } }
      const stream = files({ path: folder.file(name) })
      const first = await readThrough(stream, undefined, options)
      await folder.append(name, Array.from({ length: 3 }, (_, n) => record(10 + n)).join(''))
      const all = await readThrough(stream, undefined, options)
      expect(first.ids).toEqual(all.ids.slice(0, 10))
      for (const [at, { lane, position = '' }] of first.batches.entries()) {
        const { ids, bodies, error } = await readThrough(stream, new Map([[lane, position]]))
        expect({ error, ids, bodies }).toEqual({
          error: undefined,
          ids: all.ids.slice(at + 1),
          bodies: all.bodies.slice(at + 1),
        })
      }
    }
  })

  it('gives a last line without newline once, and whole when the file grew', async () => {
    await using folder = await Folder.make()
    for (const name of ['a.ndjson', 'a.ndjson.gz']) {
      await folder.append(name, '{"n":1}\n{"n":')
      const stream = files({ path: folder.file(name) })
      const first = await readThrough(stream)
      expect(first.bodies).toEqual(['{"n":1}', '{"n":'])
      expect((await readThrough(stream, first.checkpoints)).bodies).toEqual([])
      await folder.append(name, '2}\n{"n":3}')
      const second = await readThrough(stream, first.checkpoints)
      expect(second.bodies).toEqual(['{"n":2}', '{"n":3}'])
      expect(second.ids[0]).toBe(first.ids[1])
      await folder.append(name, '\n')
      expect((await readThrough(stream, second.checkpoints)).bodies).toEqual(['{"n":3}'])
    }
  })

  it('stops when a file was replaced or cut since it was read', async () => {
    await using folder = await Folder.make()
    for (const name of ['a.ndjson', 'a.ndjson.gz', 'a.csv']) {
      await folder.append(name, 'head\n1\n2\n3\n4\n')
      const stream = files({ path: folder.file(name) })
      const { checkpoints } = await readThrough(stream)
      for (const replacement of ['head\n1\n2\n3\n5\n6\n', 'head\n1\n2\n', '']) {
        await rm(folder.file(name))
        await folder.append(name, replacement)
        expect(await readThrough(stream, checkpoints)).toMatchObject({
          bodies: [],
          error: { name: 'ConfigError', code: 'file-replaced' },
        })
      }
    }
  })

  it('stops when a file is cut while it is read', async () => {
    await using folder = await Folder.make()
    const path = await folder.write('a.ndjson', lines(0, 100_000).join(''))
    const source = files({ path }).source(OPTIONS)
    const reading = (async () => {
      for await (const _ of source.read(new Map(), new AbortController().signal)) await truncate(path, 10)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'file-replaced' })
  })

  it('reads every other file before it stops at a broken one, and what comes before the break', async () => {
    await using folder = await Folder.make()
    const noise = Array.from({ length: 50_000 }, () => `{"n":${Math.random()}}\n`)
    const whole = gzipSync(noise.join(''))
    const broken = Buffer.from(whole)
    broken.fill(0xff, broken.length >> 1, (broken.length >> 1) + 100)
    for (const [name, bytes] of [
      ['a', whole.subarray(0, whole.length - 4)],
      ['b', whole.subarray(0, whole.length >> 1)],
      ['c', broken],
      ['d', Buffer.concat([whole, Buffer.from([0, 0, 1])])],
      ['e', Buffer.alloc(0)],
      ['f', Buffer.from('{}\n')],
    ] as const) {
      await folder.write('broken.ndjson.gz', bytes)
      await folder.write('good.ndjson', lines(0, 7).join(''))
      const path = [folder.file('broken.ndjson.gz'), folder.file('good.ndjson')]
      const { bodies, error, checkpoints } = await readThrough(files({ path }))
      expect(error, name).toMatchObject({ name: 'DataError', code: 'file-corrupt' })
      expect(String(error), name).toMatch(/broken\.ndjson\.gz: .* at byte \d+/)
      expect(bodies, name).toEqual(expect.arrayContaining(numbers(0, 7)))
      if (name < 'e') expect(bodies.length, name).toBeGreaterThan(10_000)
      // What was damaged and not cut gave wrong lines before it showed.
      if (name === 'c') continue
      await folder.write('broken.ndjson.gz', whole)
      const { bodies: rest, error: none } = await readThrough(files({ path }), checkpoints)
      expect(none, name).toBeUndefined()
      expect(bodies.length + rest.length, name).toBe(noise.length + 7)
    }
  })

  it('reads members of gzip that were put one behind the other, with padding', async () => {
    await using folder = await Folder.make()
    const members = lines(0, 3).map((line) => gzipSync(line))
    const path = await folder.write('a.dat', Buffer.concat([...members, Buffer.alloc(512)]))
    expect(await readThrough(files({ path }))).toMatchObject({ bodies: numbers(0, 3), error: undefined })
  })

  it('says what is wrong with a line instead of passing on its beginning', async () => {
    await using folder = await Folder.make()
    const path = await folder.write('a.ndjson', `1\n${'2'.repeat(200_000)}\n3\n`)
    const { batches } = await readThrough(files({ path, lineBytes: 100_000 }))
    const items = batches.flatMap(({ items }) => [...items])
    expect(items.map(({ body, fault }) => [body.length, fault?.code])).toEqual([
      [1, undefined],
      [65_536, 'line-too-long'],
      [1, undefined],
    ])
  })

  it('takes the delimiter and the names of the columns', async () => {
    await using folder = await Folder.make()
    const tsv = await folder.write('a.tsv', 'a\tb\n1\t"x\ty"\n')
    expect((await readThrough(files({ path: tsv }))).bodies).toEqual(['{"a":"1","b":"x\\ty"}'])
    const bare = await folder.write('b.txt', "1;'x;y'\n2;\n")
    const csv = { delimiter: ';', quote: "'", columns: ['a', 'b'] }
    expect((await readThrough(files({ path: bare, format: 'csv', csv }))).bodies).toEqual([
      '{"a":"1","b":"x;y"}',
      '{"a":"2","b":""}',
    ])
  })

  it('refuses a header row that names a column twice, or is none', async () => {
    await using folder = await Folder.make()
    for (const head of ['a,b,a\n1,2,3\n', 'a,"b"c\n']) {
      const path = await folder.write('a.csv', head)
      expect(await readThrough(files({ path }))).toMatchObject({ error: { code: 'file-corrupt' }, bodies: [] })
    }
  })

  it('tells a missing file from a missing folder and from a glob that fits nothing', async () => {
    await using folder = await Folder.make()
    const notices: string[] = []
    const options = { ...OPTIONS, notice: ({ code }: { code: string }) => notices.push(code) }
    const read = (path: string) => readThrough(files({ path }), undefined, options)
    expect((await read(folder.file('a.ndjson'))).error).toMatchObject({ name: 'ConfigError', code: 'file-missing' })
    expect((await read(folder.file('no/a.ndjson'))).error).toMatchObject({ name: 'UnavailableError' })
    expect((await read(folder.file('no/*.ndjson'))).error).toMatchObject({ name: 'UnavailableError' })
    expect((await read(folder.path)).error).toMatchObject({ name: 'ConfigError', code: 'file-kind' })
    expect(notices).toEqual([])
    expect((await read(folder.file('*.ndjson'))).error).toBeUndefined()
    expect(notices).toEqual(['files-none'])
  })

  it('tells what stops it before it is read', async () => {
    await using folder = await Folder.make()
    const levels = async (path: string) => {
      const found = await files({ path }).diagnose(new AbortController().signal)
      return found.map(({ level }) => level)
    }
    expect(await levels(folder.file('a.csv'))).toEqual(['error'])
    expect(await levels(folder.file('*.csv'))).toEqual(['warn'])
    await folder.write('a.csv', 'a,b\n')
    expect(await levels(folder.file('*.csv'))).toEqual(['ok'])
  })

  it('names the option that is wrong', () => {
    for (const [options, key] of [
      [{ path: '' }, 'files({ path })'],
      [{ path: 'a\0b' }, 'files({ path })'],
      [{ path: 'a', lineBytes: 0 }, 'files({ lineBytes })'],
      [{ path: 'a', csv: { delimiter: ';;' } }, 'files({ csv.delimiter })'],
      [{ path: 'a', csv: { delimiter: '"' } }, 'files({ csv })'],
      [{ path: 'a', csv: { columns: ['a', 'a'] } }, 'files({ csv })'],
    ] as const) {
      expect(() => files(options)).toThrowError(expect.objectContaining({ code: 'option-invalid', key }))
    }
    const misspelt = { path: 'a', folow: true }
    expect(() => files(misspelt)).toThrowError(expect.objectContaining({ key: 'files({ folow })' }))
  })
})
