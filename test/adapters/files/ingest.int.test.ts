import { readFile } from 'node:fs/promises'
import { createClient } from '@libsql/client'
import { ingest } from 'lockstep'
import { files, ndjson } from 'lockstep/files'
import { sqlite } from 'lockstep/sqlite'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { FlowContext } from '../../../src/core/flow.js'
import { Folder } from './folder.js'

const Place = z.object({ id: z.coerce.number(), name: z.string(), version: z.coerce.number() })

function context(): FlowContext {
  const { signal } = new AbortController()
  return { name: 'places', observer() {}, drain: signal, abort: signal, untilCaughtUp: false }
}

it('files are ingested into SQLite, once, newest first, with exactly the bad lines as dead letters', async () => {
  await using folder = await Folder.make()
  const target = folder.file('places.db')
  const client = createClient({ url: `file:${target}` })
  await client.execute('create table places (id integer primary key, name text, version integer)')
  const record = (id: number, version: number) => `${id},"name ${version}\n",${version}\n`
  const many = Array.from({ length: 500 }, (_, id) => record(id, 1)).join('')
  await folder.write(
    'a.csv',
    `id,name,version\n${many}${record(7, 3)}${record(7, 2)}8,too,many,fields\n9,"open"quote,1\n`,
  )
  await folder.write('b.ndjson', `{"id":1000,"name":"x","version":1}\nno json\n${'1'.repeat(3_000)}\n`)

  const run = async (deadLetters?: ReturnType<typeof ndjson>) => {
    await using database = sqlite(target)
    const flow = ingest({
      from: files({ path: folder.file('*.{csv,ndjson}'), lineBytes: 2_000 }),
      into: database.table('places', { version: 'version' }),
      schema: Place,
      map: (place) => place,
      ...(deadLetters === undefined ? {} : { deadLetters }),
    })
    await flow.run(context())
    return await database.state.deadLetters.list('places')
  }

  const letters = await run()
  expect(letters.map(({ code, payload }) => [code, payload.slice(0, 20)]).sort()).toEqual([
    ['csv-fields', '8,too,many,fields'],
    ['csv-quotes', '9,"open"quote,1'],
    ['invalid-json', 'no json'],
    ['line-too-long', '1'.repeat(20)],
  ])
  const count = async () => (await client.execute('select count(*) as n from places')).rows[0]?.['n']
  expect(await count()).toBe(501)
  expect((await client.execute('select name from places where id = 7')).rows).toEqual([{ name: 'name 3\n' }])

  await folder.append('b.ndjson', '{"id":1001,"name":"y","version":1}\nstill no json\n')
  const dead = folder.file('dead.ndjson.txt')
  expect(await run(ndjson(dead))).toHaveLength(4)
  expect(await count()).toBe(502)
  const kept = (await readFile(dead, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(kept).toMatchObject([{ json: { code: 'invalid-json', payload: 'still no json' } }])
  client.close()
})
