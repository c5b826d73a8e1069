import { expect } from 'vitest'
import { ConfigError, UnavailableError } from '../../src/core/errors.js'
import type { ExportOptions, TableExport } from '../../src/core/export.js'
import type { Row } from '../../src/core/table.js'
import type { Values } from '../../src/core/upsert.js'
import { type ContractOptions, contract } from './contract.js'

/** A database, and a plain client of it that knows nothing of the product. */
export interface ExportHarness extends AsyncDisposable {
  /** Runs statements by the plain client, each committed at once. */
  run(...statements: readonly string[]): Promise<void>
  table(name: string, reading?: { readonly where?: string }): Promise<TableExport>
  query(text: string, key: readonly string[], reading?: { readonly where?: string }): Promise<TableExport>
  /** How a text and an exact decimal number are declared. */
  readonly types: { readonly text: string; readonly keyText: string; readonly big: string }
  /** One row of many types, and what it comes to. */
  readonly typed: TypedRow
}

export interface TypedRow {
  /** Makes the table `typed` with one row in it. */
  readonly statements: readonly string[]
  readonly text: Row
  readonly json: string
  readonly values: Values
}

const options: ExportOptions = { signal: new AbortController().signal, maxSnapshotAgeMs: 60_000 }

/** The suite that every adapter passes whose tables can be exported. */
export function tableExportContract(
  name: string,
  open: () => Promise<ExportHarness>,
  unsupported: ContractOptions = {},
): void {
  const tests = { ...shapes(open), ...orders(open), ...sources(open), ...ends(open), ...chunked(open) }
  contract(`table export: ${name}`, tests, unsupported)
}

function shapes(open: () => Promise<ExportHarness>) {
  return {
    'keeps every digit in text, in JSON and, as far as JavaScript can, in values': async () => {
      await using harness = await open()
      const { typed } = harness
      await harness.run(...typed.statements)
      const table = await harness.table('typed')
      expect(await all(table.text(options))).toEqual([typed.text])
      expect(await jsonLines(table)).toEqual([typed.json])
      const values = await all(table.values(options))
      expect(values).toEqual([typed.values])
      expect(values.map((row) => Object.keys(row))).toEqual([table.columns.map((column) => column.name)])
    },

    'escapes what JSON has to escape': async () => {
      await using harness = await open()
      const text = ` "quoted" \\ back \\n slash\nline\r\n\ttab \u0001\u001f\u007f \b\f\v 'é' 漢字 🚀 </script> , } `
      await harness.run(
        `create table texts (id integer primary key, body ${harness.types.text})`,
        `insert into texts values (1, ${literal(text)}), (2, ''), (3, null)`,
      )
      const table = await harness.table('texts')
      const lines = await jsonLines(table)
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        { id: 1, body: text },
        { id: 2, body: '' },
        { id: 3, body: null },
      ])
      expect((await all(table.text(options))).map((row) => row[1])).toEqual([text, '', null])
      expect((await all(table.values(options))).map((row) => row['body'])).toEqual([text, '', null])
    },

    'gives pages of bounded size, whatever the size of the rows': async () => {
      await using harness = await open()
      const rows = Array.from({ length: 1_200 }, (_, at) => `(${at}, ${literal(bodyOf(at))})`)
      await harness.run(
        `create table sized (id integer primary key, body ${harness.types.text})`,
        ...chunks(rows, 100).map((some) => `insert into sized values ${some.join(',')}`),
      )
      const table = await harness.table('sized')
      let id = 0
      for await (const { rows: count, chunks: pieces } of table.json('\n', options)) {
        const bytes = Buffer.concat(pieces)
        if (count > 1) expect(bytes.length).toBeLessThan(1_500_000)
        for (const line of bytes.toString().split('\n').slice(1)) {
          const row: unknown = JSON.parse(line)
          expect(row).toEqual({ id, body: bodyOf(id) })
          id += 1
        }
      }
      expect(id).toBe(1_200)
      for await (const rows of table.text(options)) {
        const size = rows.reduce((sum, row) => sum + (row[1]?.length ?? 0), 0)
        if (rows.length > 1) expect(size).toBeLessThan(1_500_000)
      }
    },
  }
}

function orders(open: () => Promise<ExportHarness>) {
  return {
    'gives exactly one snapshot, whatever is inserted, moved, changed and deleted meanwhile': async () => {
      await using harness = await open()
      const rows = Array.from({ length: 7_000 }, (_, at) => `(${at * 2}, 0, ${literal('x'.repeat(400))})`)
      await harness.run(
        `create table moving (id integer primary key, value integer, padding ${harness.types.text})`,
        ...chunks(rows, 1_000).map((some) => `insert into moving values ${some.join(',')}`),
      )
      const table = await harness.table('moving')
      const ids: unknown[] = []
      let turn = 0
      for await (const page of table.values(options)) {
        ids.push(...page.map((row) => [row['id'], row['value']]))
        turn += 1
        // Behind, at and before the place of the reader.
        await harness.run(
          `insert into moving values (${turn * 1_000 + 1}, 1, ''), (${-turn}, 1, '')`,
          `update moving set id = -id - ${turn} * 100000 where id % 7 = 0 and id > 0`,
          'update moving set value = value + 1 where id % 3 = 0',
          'delete from moving where id % 5 = 0',
        )
      }
      expect(turn).toBeGreaterThan(2)
      expect(ids).toEqual(Array.from({ length: 7_000 }, (_, at) => [at * 2, 0]))
    },

    'orders by keys of several columns, and gives each row once': async () => {
      await using harness = await open()
      const rows = Array.from({ length: 5_000 }, (_, at) => `('${'abc'[at % 3]}', ${at % 7}, ${at}, ${at})`)
      await harness.run(
        `create table keyed (a ${harness.types.keyText} not null, b integer not null, c integer not null, d integer, primary key (a, b, c))`,
        ...chunks(rows.toReversed(), 1_000).map((some) => `insert into keyed values ${some.join(',')}`),
      )
      const table = await harness.table('keyed')
      const found = await all(table.values(options))
      const sorted = found.toSorted((one, other) => compare(keyOf(one), keyOf(other)))
      expect(found).toEqual(sorted)
      expect(new Set(found.map((row) => row['d'])).size).toBe(5_000)
      expect(table.key).toEqual(['a', 'b', 'c'])
    },

    'gives an empty table without a page': async () => {
      await using harness = await open()
      await harness.run('create table vacant (id integer primary key)')
      const table = await harness.table('vacant')
      expect(await jsonLines(table)).toEqual([])
      expect(await all(table.values(options))).toEqual([])
    },
  }
}

function sources(open: () => Promise<ExportHarness>) {
  const prepared = async (): Promise<ExportHarness> => {
    const harness = await open()
    await harness.run(
      'create table city (id integer primary key, name varchar(20))',
      "insert into city values (1, 'Oslo'), (2, 'Bergen')",
      'create table shop (id integer primary key, city_id integer)',
      `insert into shop values ${Array.from({ length: 50 }, (_, at) => `(${50 - at}, ${1 + (at % 2)})`).join(',')}`,
    )
    return harness
  }
  return {
    'leaves out rows for which a filter does not hold': async () => {
      await using harness = await prepared()
      const table = await harness.table('shop', { where: 'id > 10 and city_id = 2 -- a comment' })
      const ids = (await all(table.values(options))).map((row) => row['id'])
      expect(ids).toEqual(Array.from({ length: 20 }, (_, at) => 11 + 2 * at))
      await expect(harness.table('shop', { where: 'no_such_column = 1' })).rejects.toBeInstanceOf(ConfigError)
    },

    'takes a query for a table, in the order of the key that is named': async () => {
      await using harness = await prepared()
      const text = 'select s.id as shop, c.name as city from shop s join city c on c.id = s.city_id'
      const table = await harness.query(text, ['shop'], { where: 'shop <= 4' })
      expect(table.key).toEqual(['shop'])
      expect((await jsonLines(table)).map((line) => JSON.parse(line))).toEqual(
        [1, 2, 3, 4].map((shop) => ({ shop, city: shop % 2 === 1 ? 'Bergen' : 'Oslo' })),
      )
      expect(table.fingerprint).not.toBe('')
    },

    'refuses a query whose key repeats or is missing': async () => {
      await using harness = await prepared()
      const repeated = await harness.query('select city_id as k, id from shop', ['k'])
      await expect(jsonLines(repeated)).rejects.toMatchObject({ code: 'key-repeated', constructor: ConfigError })
      const missing = await harness.query('select nullif(id, 7) as k from shop', ['k'])
      await expect(jsonLines(missing)).rejects.toMatchObject({ code: 'key-null', constructor: ConfigError })
    },

    'has another fingerprint when a column comes': async () => {
      await using harness = await prepared()
      const [before, again] = [await harness.table('shop'), await harness.table('shop')]
      expect(again.fingerprint).toBe(before.fingerprint)
      await harness.run('alter table shop add column extra integer')
      expect((await harness.table('shop')).fingerprint).not.toBe(before.fingerprint)
    },
  }
}

function ends(open: () => Promise<ExportHarness>) {
  const large = async (): Promise<ExportHarness> => {
    const harness = await open()
    const rows = Array.from({ length: 20_000 }, (_, at) => `(${at}, ${literal('y'.repeat(200))})`)
    await harness.run(
      `create table large (id integer primary key, body ${harness.types.text})`,
      ...chunks(rows, 1_000).map((some) => `insert into large values ${some.join(',')}`),
    )
    return harness
  }
  return {
    'gives up a snapshot that grows too old': async () => {
      await using harness = await large()
      const table = await harness.table('large')
      const slow = async (): Promise<void> => {
        for await (const page of table.values({ ...options, maxSnapshotAgeMs: 20 })) {
          expect(page.length).toBeGreaterThan(0)
          await new Promise((resolve) => setTimeout(resolve, 15))
        }
      }
      await expect(slow()).rejects.toMatchObject({ code: 'snapshot-too-old', constructor: UnavailableError })
    },

    'ends when it is aborted, and can be left before its end': async () => {
      await using harness = await large()
      const table = await harness.table('large')
      const abort = new AbortController()
      const aborted = async (): Promise<void> => {
        for await (const page of table.json('\n', { ...options, signal: abort.signal })) {
          expect(page.rows).toBeGreaterThan(0)
          abort.abort()
        }
      }
      await expect(aborted()).rejects.toMatchObject({ code: 'aborted', constructor: UnavailableError })
      for await (const page of table.json('\n', options)) {
        expect(page.rows).toBeGreaterThan(0)
        break
      }
      expect(await all(table.values(options))).toHaveLength(20_000)
    },
  }
}

function chunked(open: () => Promise<ExportHarness>) {
  const inChunks: ExportOptions = { ...options, consistency: 'chunks' }
  return {
    'in chunks, gives each row that stays exactly once, and none before its time, whatever writers do': async () => {
      await using harness = await open()
      const { keyText, text } = harness.types
      const rows = Array.from(
        { length: 9_000 },
        (_, at) => `('${'abc'[at % 3]}', ${at}, 0, ${literal('x'.repeat(300))})`,
      )
      await harness.run(
        `create table chunked (a ${keyText} not null, b integer not null, value integer, padding ${text}, primary key (a, b))`,
        ...chunks(rows.toReversed(), 1_000).map((some) => `insert into chunked values ${some.join(',')}`),
      )
      const table = await harness.table('chunked', { where: 'b >= 30' })
      expect(table.supports.has('chunks')).toBe(true)
      const found: Values[] = []
      let turn = 0
      for await (const page of table.values(inChunks)) {
        found.push(...page)
        turn += 1
        // Behind and before the place of the reader; of those that stay only the value changes.
        await harness.run(
          `insert into chunked values ('a', ${-turn}, 0, ''), ('z', ${100_000 + turn}, ${turn}, '')`,
          `delete from chunked where b % 10 = 1 and b < ${turn * 600}`,
          `update chunked set value = ${turn} where b % 10 = 2`,
        )
      }
      expect(turn).toBeGreaterThan(4)
      const keys = found.map((row) => `${row['a']}${row['b']}`)
      expect(new Set(keys).size).toBe(keys.length)
      const stayed = Array.from({ length: 9_000 }, (_, at) => at).filter((at) => at >= 30 && at % 10 !== 1)
      const stayedKeys = new Set(stayed.map((at) => `${'abc'[at % 3]}${at}`))
      expect(keys.filter((key) => stayedKeys.has(key))).toHaveLength(stayed.length)
      expect(found).toEqual(found.toSorted((one, other) => compareKeys(one, other)))
      // Later chunks are of later moments.
      const values = found.filter((row) => Number(row['b']) % 10 === 2).map((row) => Number(row['value']))
      expect(values).toEqual(values.toSorted((one, other) => one - other))
      expect(values.at(-1)).toBeGreaterThan(0)
    },

    'in chunks, gives what it gives in one snapshot when nothing changes, and nothing of an empty table': async () => {
      await using harness = await open()
      await harness.run(...harness.typed.statements, 'create table vacant (id integer primary key)')
      for (const name of ['typed', 'vacant']) {
        const table = await harness.table(name)
        expect(await all(table.text(inChunks))).toEqual(await all(table.text(options)))
      }
      const query = await harness.query('select id from typed', ['id'])
      expect(query.supports.size).toBe(0)
    },
  }
}

function compareKeys(one: Values, other: Values): number {
  const [left, right] = [String(one['a']), String(other['a'])]
  return left === right ? Number(one['b']) - Number(other['b']) : left < right ? -1 : 1
}

async function all<Item>(pages: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const found: Item[] = []
  for await (const page of pages) found.push(...page)
  return found
}

async function jsonLines(table: TableExport): Promise<string[]> {
  const lines: string[] = []
  for await (const { rows, chunks } of table.json(',\n', options)) {
    const page = Buffer.concat(chunks).toString().split(',\n').slice(1)
    expect(page).toHaveLength(rows)
    lines.push(...page)
  }
  return lines
}

function bodyOf(at: number): string {
  return at % 400 === 399 ? `${at} `.repeat(300_000) : `body ${at}`
}

function keyOf(row: Values): readonly [string, number, number] {
  return [String(row['a']), Number(row['b']), Number(row['c'])]
}

function compare(one: readonly [string, number, number], other: readonly [string, number, number]): number {
  if (one[0] !== other[0]) return one[0] < other[0] ? -1 : 1
  return one[1] - other[1] || one[2] - other[2]
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))
}

/** The harness gives backslashes to its client as they are. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
