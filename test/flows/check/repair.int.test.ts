import { createClient } from '@libsql/client'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { sqlite } from 'lockstep/sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database, TableOptions } from '../../../src/core/database.js'
import type { CheckReport, FlowContext } from '../../../src/core/flow.js'
import type { RepairOptions, RepairPlan } from '../../../src/core/repair.js'
import { check } from '../../../src/flows/check/check.js'
import type { TablesCheck } from '../../../src/flows/check/tables.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { type PlainMariadb, plainMariadb, testMariadb } from '../../support/mariadb.js'
import { type PlainClient, plainClient, testDatabase } from '../../support/postgres.js'

/** What a script of statements, or a bare query, is run with: the database's own client library. */
interface Bare extends AsyncDisposable {
  run(script: string): Promise<void>
  rows(query: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

const POSTGRES = testDatabase('a')
const OTHER_POSTGRES = testDatabase('b')
const MARIADB = testMariadb()
const OTHER_MARIADB = testMariadb()
const files: DatabaseFile[] = []

beforeAll(async () => {
  files.push(await DatabaseFile.make(), await DatabaseFile.make())
})
afterAll(async () => {
  for (const file of files) await file[Symbol.asyncDispose]()
})

type Engine = 'postgres' | 'mariadb' | 'sqlite'
const TYPES: Readonly<Record<Engine, string>> = {
  postgres: `id bigint primary key, name text, price numeric(20,4), total numeric(20,0), at timestamptz(6), day date, token uuid, data bytea, active boolean, weight double precision, kept text default 'kept'`,
  mariadb: `id bigint primary key, name longtext character set utf8mb4, price decimal(20,4), total bigint unsigned, at datetime(6), day date, token binary(16), data longblob, active tinyint(1), weight double, kept varchar(9) default 'kept', touched timestamp not null default current_timestamp on update current_timestamp`,
  sqlite: `id integer primary key, name text, price numeric, total text, at text, day date, token text, data blob, active boolean, weight real, kept text default 'kept'`,
}
const COLUMNS = ['id', 'name', 'price', 'total', 'at', 'day', 'token', 'data', 'active', 'weight'] as const

const HOSTILE = [
  `it's`,
  `back\\slash`,
  `\\'; drop table t; --`,
  'line\nbreak\r\n',
  'tab\t"quoted" `tick`',
  '',
  ' ',
  'trailing  ',
  'ü☃𝄞',
  '$1 ? :name',
  '/* comment */ -- more',
  "'' \\\\ ''",
  '%_',
  '\u0001\u001f',
  'DELIMITER ;;',
  '\u2028',
  'NULL',
  '0',
  'x'.repeat(2_500),
] as const

/** Values of every column, as SQL of no engine: text, and bytes in hexadecimal digits. */
function rowOf(id: number): readonly (string | null)[] {
  const odd = id % 7 === 0
  return [
    String(id),
    HOSTILE[id % HOSTILE.length] ?? '',
    odd ? null : `${id}.${String(id % 10_000).padStart(4, '0')}`,
    odd ? '18446744073709551615' : String(id * 1_000),
    `2024-02-29 23:59:${String(id % 60).padStart(2, '0')}.${String(id * 37)
      .padStart(6, '0')
      .slice(0, 6)}`,
    odd ? null : '2024-02-29',
    `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    odd ? '' : `00ff27${id.toString(16).padStart(4, '0')}5c`,
    String(id % 2),
    odd ? '5e-324' : String(id / 3),
  ]
}

function literalOf(engine: Engine, at: number, cell: string | null): string {
  if (cell === null) return 'null'
  const name = COLUMNS[at]
  const hex = Buffer.from(cell).toString('hex')
  if (name === 'id' || name === 'price' || name === 'weight') return cell
  if (name === 'active') return engine === 'postgres' ? (cell === '1' ? 'true' : 'false') : cell
  if (name === 'data') return engine === 'postgres' ? `'\\x${cell}'` : `x'${cell}'`
  if (name === 'token' && engine === 'mariadb') return `x'${cell.replaceAll('-', '')}'`
  if (engine === 'postgres')
    return name === 'name' ? `convert_from('\\x${hex}', 'UTF8')` : name === 'at' ? `'${cell}+00'` : `'${cell}'`
  if (name === 'name') return engine === 'mariadb' ? `_utf8mb4 x'${hex}'` : `cast(x'${hex}' as text)`
  return `'${cell}'`
}

async function bare(engine: Engine, place: 0 | 1): Promise<Bare> {
  if (engine === 'postgres') {
    const client: PlainClient = await plainClient((place === 0 ? POSTGRES : OTHER_POSTGRES).url)
    return {
      run: async (script) => void (await client.query(script)),
      rows: async (query) => (await client.query(query)).rows,
      [Symbol.asyncDispose]: () => client.end(),
    }
  }
  if (engine === 'mariadb') {
    const client: PlainMariadb = await plainMariadb((place === 0 ? MARIADB : OTHER_MARIADB).url)
    return {
      run: async (script) => void (await client.query(script)),
      rows: (query) => client.query(query),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    }
  }
  const client = createClient({ url: `file:${files[place]?.path}`, intMode: 'bigint' })
  return {
    run: (script) => client.executeMultiple(script),
    rows: async (query) => (await client.execute(query)).rows.map((row) => ({ ...row })),
    [Symbol.asyncDispose]: async () => client.close(),
  }
}

function databaseOf(engine: Engine, place: 0 | 1): Database & AsyncDisposable {
  if (engine === 'postgres') return postgres((place === 0 ? POSTGRES : OTHER_POSTGRES).url)
  if (engine === 'mariadb') return mysql((place === 0 ? MARIADB : OTHER_MARIADB).url)
  return sqlite(files[place]?.path ?? '')
}

async function fill(client: Bare, engine: Engine, ids: readonly number[]): Promise<void> {
  await client.run('drop table if exists t')
  await client.run(`create table t (${TYPES[engine]})`)
  const rows = ids.map(
    (id) =>
      `(${rowOf(id)
        .map((cell, at) => literalOf(engine, at, cell))
        .join(', ')})`,
  )
  await client.run(`insert into t (${COLUMNS.join(', ')}) values ${rows.join(', ')}`)
}

interface Ran {
  readonly report: CheckReport
  readonly script: string
  readonly plans: readonly RepairPlan[]
}

const IGNORE = { ignore: ['kept'] }

async function run(
  [one, other]: readonly [Engine, Engine],
  repair: Partial<RepairOptions>,
  options: Partial<TablesCheck> & { readonly before?: () => Promise<void> } = {},
): Promise<Ran> {
  await using left = databaseOf(one, 0)
  await using right = databaseOf(other, 1)
  const { before, ...rest } = options
  const ignored = (engine: Engine): TableOptions => (engine === 'mariadb' ? { ignore: ['kept', 'touched'] } : IGNORE)
  const flow = check.tables({
    left: left.table('t', ignored(one)),
    right: right.table('t', ignored(other)),
    settleMs: 1,
    ...rest,
  })
  const lines: string[] = []
  const plans: RepairPlan[] = []
  const context: FlowContext = {
    name: 'same',
    observer: () => {},
    drain: new AbortController().signal,
    abort: AbortSignal.timeout(50_000),
    untilCaughtUp: true,
  }
  const report = await flow.check?.(context, {
    repair: {
      mode: 'sql',
      side: 'right',
      delete: false,
      maxRepairs: 1_000,
      write: (text) => lines.push(text),
      confirm: async (plan) => {
        plans.push(plan)
        await before?.()
        return true
      },
      ...repair,
    },
  })
  if (report === undefined) return expect.fail('this flow compares nothing')
  return { report, script: lines.join('\n'), plans }
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at)

/** What a bare client reads of a row, in words of its own engine. */
async function contentOf(client: Bare, where = 'true'): Promise<readonly unknown[]> {
  const list = `${COLUMNS.join(', ')}, kept`
  return client.rows(`select ${list} from t where ${where} order by id`)
}

const PAIRS: readonly (readonly [Engine, Engine])[] = [
  ['postgres', 'postgres'],
  ['mariadb', 'mariadb'],
  ['sqlite', 'sqlite'],
  ['postgres', 'mariadb'],
  ['mariadb', 'postgres'],
  ['postgres', 'sqlite'],
  ['sqlite', 'mariadb'],
  ['mariadb', 'sqlite'],
]

/** Rows 1-20 only left, 81-90 only right, of 21-80 each third wrong in every column but the key. */
async function differ(left: Bare, right: Bare, [one, other]: readonly [Engine, Engine]): Promise<void> {
  await fill(left, one, range(1, 80))
  await fill(right, other, range(21, 90))
  for (const id of range(21, 80).filter((each) => each % 3 === 0)) {
    const values = rowOf(id + 1_001).map((cell, at) => `${COLUMNS[at]} = ${literalOf(other, at, cell)}`)
    await right.run(`update t set ${values.slice(1).join(', ')} where id = ${id}`)
  }
  await right.run(`update t set kept = 'mine'`)
}

describe.each(PAIRS)('%s to %s', (one, other) => {
  const pair = [one, other] as const

  it('a script, when it is run, makes the right side what the left is, deletes nothing, and may be run again', async () => {
    await using left = await bare(one, 0)
    await using right = await bare(other, 1)
    await differ(left, right, pair)
    const { script, report } = await run(pair, {})
    expect(report).toMatchObject({ verdict: 'different', repair: { planned: 40, left: [{ count: 10 }] } })
    const untouched = await contentOf(right, 'id > 80')
    await right.run(script)
    expect(await contentOf(right, 'id > 80')).toEqual(untouched)
    await fillExpected(left, one, right, other)
    await right.run(script)
    const again = await run(pair, {})
    expect(again.report).toMatchObject({ verdict: 'different', repair: { planned: 0, left: [{ count: 10 }] } })
    const deleting = await run(pair, { delete: true })
    await right.run(deleting.script)
    expect((await run(pair, {})).report.verdict).toBe('same')
  })

  it('a guard stops a statement whose row has changed meanwhile', async () => {
    await using left = await bare(one, 0)
    await using right = await bare(other, 1)
    await differ(left, right, pair)
    const { script } = await run(pair, { delete: true })
    await right.run(`update t set name = 'MOVED' where id in (24, 85)`)
    await right.run(`update t set weight = 1.5 where id = 27`)
    await right.run(`update t set data = null where id = 33`)
    await right.run(`insert into t (id, name) values (5, 'came by itself')`)
    const before = await contentOf(right, 'id in (5, 24, 27, 33, 85)')
    await right.run(script)
    expect(await contentOf(right, 'id in (5, 24, 27, 33, 85)')).toEqual(before)
    expect(await right.rows('select count(*) as n from t where id > 80')).toMatchObject([
      { n: expect.toSatisfy((n) => Number(n) === 1) },
    ])
  })

  it('apply: repairs what still is as it was compared, and tells the rest', async () => {
    await using left = await bare(one, 0)
    await using right = await bare(other, 1)
    await differ(left, right, pair)
    const before = (): Promise<void> => right.run(`update t set name = 'MOVED' where id = 24`)
    const { report, plans } = await run(pair, { mode: 'apply', delete: true }, { before })
    expect(plans).toMatchObject([{ inserts: 20, updates: 20, deletes: 10 }])
    expect(report).toMatchObject({
      verdict: 'different',
      repair: { applied: true, planned: 49, repaired: 49, changedMeanwhile: 1, failed: [], left: [] },
    })
    const rest = await run(pair, { mode: 'apply' })
    expect(rest.report).toMatchObject({ verdict: 'same', repair: { repaired: 1 } })
    await fillExpected(left, one, right, other)
  })
})

/** Rows 1-80 of the right side are what a fresh table with the left side's rows holds. */
async function fillExpected(left: Bare, one: Engine, right: Bare, other: Engine): Promise<void> {
  if (one === other) {
    const list = COLUMNS.join(', ')
    expect(await right.rows(`select ${list} from t where id <= 80 order by id`)).toEqual(
      await left.rows(`select ${list} from t order by id`),
    )
    return
  }
  for (const id of range(1, 80)) {
    const conditions = rowOf(id).map((cell, at) => {
      const name = COLUMNS[at]
      if (cell === null) return `${name} is null`
      if (other === 'mariadb' && name === 'name')
        return `cast(name as binary) = cast(${literalOf(other, at, cell)} as binary)`
      if (other === 'sqlite' && name === 'at') return `rtrim(rtrim(at, '0'), '.') = '${cell.replace(/\.?0*$/, '')}'`
      return `${name} = ${literalOf(other, at, cell)}`
    })
    const found = await right.rows(`select id from t where ${conditions.join(' and ')}`)
    expect(found, `row ${id}: ${conditions.join(' and ')}`).toHaveLength(1)
  }
}
