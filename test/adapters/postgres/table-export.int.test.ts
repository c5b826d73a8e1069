import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { type ExportHarness, tableExportContract } from '../../contracts/table-export.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { TYPE_CASES, TYPE_SETUP } from './type-matrix.js'

const server = testDatabase()

tableExportContract('postgres', async (): Promise<ExportHarness> => {
  const client = await plainClient(server.url)
  const schema = `s_${randomUUID().replaceAll('-', '')}`
  await client.query(`create schema ${schema}`)
  await client.query(`set search_path = ${schema}`)
  const database = postgres(server.url)
  const { signal } = new AbortController()
  // The session of the product has another search path.
  const inSchema = (text: string): string => text.replace(/\b(from|join) (\w+)/g, `$1 ${schema}.$2`)
  return {
    run: async (...statements) => {
      for (const statement of statements) await client.query(statement)
    },
    table: (name, reading) => database.table(`${schema}.${name}`).exports(signal, reading),
    query: (text, key, reading) => database.query(inSchema(text), { key }).exports(signal, reading),
    types: { text: 'text', keyText: 'text collate "C"', big: 'bigint' },
    typed: {
      statements: [
        `create table typed (id bigint primary key, n numeric, d numeric(30,10), r real, f float8, o bool, b bytea, j json, jb jsonb,
          ts timestamp, tz timestamptz, da date, a text[], na numeric[])`,
        `insert into typed values (9223372036854775807, 12345678901234567890.10, 0.0000000001, 0.1, 'NaN', true, '\\x00ff',
          E'{"a" : 1.10,\\n "b": 9007199254740993}', '{"z": 1}', '2026-01-01 00:00:00.123456', '2026-01-01 05:00:00.5+05', 'infinity',
          array['a,b', null, '"'], array[1.10, null])`,
      ],
      text: [
        '9223372036854775807',
        '12345678901234567890.10',
        '0.0000000001',
        '0.1',
        'NaN',
        't',
        '\\x00ff',
        '{"a" : 1.10,\n "b": 9007199254740993}',
        '{"z": 1}',
        '2026-01-01 00:00:00.123456',
        '2026-01-01 00:00:00.5+00',
        'infinity',
        '{"a,b",NULL,"\\""}',
        '{1.10,NULL}',
      ],
      json: `{"id":9223372036854775807,"n":12345678901234567890.10,"d":0.0000000001,"r":0.1,"f":"NaN","o":true,"b":"\\\\x00ff","j":{"a" : 1.10,  "b": 9007199254740993},"jb":{"z": 1},"ts":"2026-01-01T00:00:00.123456","tz":"2026-01-01T00:00:00.5+00:00","da":"infinity","a":["a,b",null,"\\""],"na":[1.10,null]}`,
      values: {
        id: '9223372036854775807',
        n: '12345678901234567890.10',
        d: '0.0000000001',
        r: 0.1,
        f: Number.NaN,
        o: true,
        b: '\\x00ff',
        j: { a: 1.1, b: 9007199254740992 },
        jb: { z: 1 },
        ts: '2026-01-01 00:00:00.123456',
        tz: '2026-01-01 00:00:00.5+00',
        da: 'infinity',
        a: ['a,b', null, '"'],
        na: '{1.10,NULL}',
      },
    },
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await client.query(`drop schema ${schema} cascade`)
      await client[Symbol.asyncDispose]()
    },
  }
})

describe('JSON of a PostgreSQL table', () => {
  it('is what row_to_json makes, of every type', async () => {
    await using client = await plainClient(server.url)
    await client.query(TYPE_SETUP)
    await client.query(`set timezone = 'UTC'`)
    await using database = postgres(server.url)
    const cases = TYPE_CASES.filter(({ needs }) => needs === undefined)
    for (const { type, values } of cases) {
      await client.query(`create table every (id serial primary key, "v ""alue" ${type})`)
      await client.query(
        `insert into every ("v ""alue") values ${[...values, 'null'].map((value) => `(${value})`).join(',')}`,
      )
      const expected = await client.query<{ text: string }>(
        `select translate(row_to_json(e)::text, E'\\r\\n', '  ') as text from every e order by id`,
      )
      const table = await database.table('every').exports(new AbortController().signal)
      const lines: string[] = []
      const options = { signal: new AbortController().signal, maxSnapshotAgeMs: 60_000 }
      for await (const { chunks } of table.json('\n', options))
        lines.push(...Buffer.concat(chunks).toString().split('\n').slice(1))
      expect(lines, type).toEqual(expected.rows.map(({ text }) => text))
      await client.query('drop table every')
    }
  })
})
