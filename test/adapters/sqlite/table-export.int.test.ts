import { describe, expect, it } from 'vitest'
import { sqlite } from '../../../src/adapters/sqlite/index.js'
import { ConfigError } from '../../../src/core/errors.js'
import { type ExportHarness, tableExportContract } from '../../contracts/table-export.js'
import { DatabaseFile, signal } from './file.js'

tableExportContract('sqlite', openFile)

async function openFile(): Promise<ExportHarness> {
  const file = await DatabaseFile.make()
  const client = file.client()
  await client.execute('pragma journal_mode = wal')
  const database = sqlite(file.path)
  return {
    run: async (...statements) => {
      for (const statement of statements) await client.execute(statement)
    },
    table: (name, reading) => database.table(name).exports(signal, reading),
    query: (text, key, reading) => database.query(text, { key }).exports(signal, reading),
    types: { text: 'text', keyText: 'text', big: 'integer' },
    typed: {
      statements: [
        'create table typed (id integer primary key, n numeric, r real, t text, b blob, mixed, inf real)',
        `insert into typed values (9223372036854775807, 0.5, 0.1, '1.10', x'00ff', 9007199254740993, 9e999)`,
      ],
      text: ['9223372036854775807', '0.5', '0.1', '1.10', '\\x00ff', '9007199254740993', 'Infinity'],
      json: `{"id":9223372036854775807,"n":0.5,"r":0.1,"t":"1.10","b":"\\\\x00ff","mixed":9007199254740993,"inf":"Infinity"}`,
      values: {
        id: '9223372036854775807',
        n: 0.5,
        r: 0.1,
        t: '1.10',
        b: '\\x00ff',
        mixed: '9007199254740993',
        inf: Number.POSITIVE_INFINITY,
      },
    },
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      client[Symbol.dispose]()
      await file[Symbol.asyncDispose]()
    },
  }
}

describe('an export of a SQLite table', () => {
  it('refuses a row without a key, which a primary key of SQLite may have', async () => {
    await using harness = await openFile()
    await harness.run('create table loose (id text primary key)', "insert into loose values ('a'), (null)")
    const table = await harness.table('loose')
    const reading = async (): Promise<void> => {
      for await (const page of table.json('\n', { signal, maxSnapshotAgeMs: 60_000 })) expect(page.rows).toBe(1)
    }
    await expect(reading()).rejects.toMatchObject({ code: 'key-null', constructor: ConfigError })
  })
})
