import { describe, expect, it } from 'vitest'
import { type PostgresDatabase, postgres } from '../../src/adapters/postgres/database.js'
import type { Difference } from '../../src/core/difference.js'
import type { FlowContext, TablesReport } from '../../src/core/flow.js'
import type { FlowEvent } from '../../src/core/observer.js'
import { check } from '../../src/flows/check/check.js'
import { type PlainClient, plainClient, testDatabase } from '../support/postgres.js'

const A = testDatabase('a')
const B = testDatabase('b')

interface Findings {
  readonly report: TablesReport
  /** Kind of difference by key, as JSON. */
  readonly found: ReadonlyMap<string, string>
  readonly events: readonly FlowEvent[]
}

function contextOf(events: FlowEvent[], drain = new AbortController().signal): FlowContext {
  const abort = new AbortController().signal
  return { name: 'same', observer: (event) => events.push(event), drain, abort, untilCaughtUp: true }
}

async function checkUp(table: string, settleMs = 50): Promise<Findings> {
  await using left = postgres(A.url)
  await using right = postgres(B.url)
  return await runCheck(left, right, { table, settleMs })
}

async function runCheck(
  left: PostgresDatabase,
  right: PostgresDatabase,
  options: { table: string; settleMs: number },
): Promise<Findings> {
  const events: FlowEvent[] = []
  const differences: Difference[] = []
  const flow = check.tables({ left: left.table(options.table), right: right.table(options.table) })
  const report = await flow.check?.(contextOf(events), {
    settleMs: options.settleMs,
    difference: (difference) => differences.push(difference),
  })
  if (report?.kind !== 'tables') throw new Error('a check flow checks')
  const found = new Map(differences.map(({ key, kind }) => [JSON.stringify(key), kind]))
  expect(found.size, 'no key is reported twice').toBe(differences.length)
  return { report, found, events }
}

async function onBoth(...statements: readonly string[]): Promise<void> {
  for (const url of [A.url, B.url]) {
    await using client = await plainClient(url)
    for (const statement of statements) await client.query(statement)
  }
}

async function onRight(statement: string): Promise<number> {
  await using client = await plainClient(B.url)
  return (await client.query(statement)).rowCount ?? 0
}

/** Every row of a table by key, as the server prints it; shares nothing with the product. */
async function dump(client: PlainClient, table: string, key: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query({
    text: `select array[${key}]::text, ${table}::text from ${table}`,
    rowMode: 'array',
  })
  return new Map(rows.map((row: readonly unknown[]) => [String(row[0]), String(row[1])]))
}

/** The plain way: read both sides whole and compare line by line. */
async function oracle(table: string, key: string): Promise<ReadonlyMap<string, string>> {
  await using a = await plainClient(A.url)
  await using b = await plainClient(B.url)
  const [left, right] = [await dump(a, table, key), await dump(b, table, key)]
  const found = new Map<string, string>()
  for (const [name, row] of left) {
    if (!right.has(name)) found.set(name, 'missing-right')
    else if (right.get(name) !== row) found.set(name, 'changed')
  }
  for (const name of right.keys()) if (!left.has(name)) found.set(name, 'missing-left')
  return found
}

describe('check.tables on (uuid, text)', () => {
  it('finds each kind of difference among 200,000 rows, and fetches less than 1 % of them', async () => {
    await onBoth(
      'create table records (id uuid primary key, value text)',
      `insert into records select md5(i::text)::uuid, case when i % 5 = 0 then null else 'value ' || i end from generate_series(1, 200000) i`,
      `insert into records select md5('special ' || i)::uuid, v from unnest(array[null, '', '1.0', 'trail', 'caf\u00e9', 'NULL', '{}', e'a\\\\b', e'tab\\there']) with ordinality as s(v, i)`,
    )
    const row = (from: number, to: number): string =>
      `id in (select md5(i::text)::uuid from generate_series(${from}, ${to}) i)`
    await onRight(`update records set value = 'other' where ${row(1001, 1010)}`)
    await onRight(`update records set value = '' where value is null and ${row(2000, 2010)}`)
    await onRight(`delete from records where ${row(3001, 3020)}`)
    await onRight(`insert into records select md5('new ' || i)::uuid, 'new' from generate_series(1, 20) i`)
    // Swapped: the same values, in each other's rows.
    await onRight(
      `update records r set value = 'value ' || s.b from (values (4001, 4002), (4002, 4001), (4003, 4004), (4004, 4003)) s(a, b) where id = md5(s.a::text)::uuid`,
    )
    await onRight(`update records set value = '' where id = md5('special 1')::uuid`)
    await onRight(`update records set value = null where id = md5('special 2')::uuid`)
    await onRight(`update records set value = '1.00' where id = md5('special 3')::uuid`)
    await onRight(`update records set value = 'trail ' where id = md5('special 4')::uuid`)
    await onRight(`update records set value = normalize(value, NFD) where id = md5('special 5')::uuid`)
    await onRight(`update records set value = null where id = md5('special 6')::uuid`)
    await onBoth('analyze records')

    const { report, found, events } = await checkUp('records')
    const truth = await oracle('records', 'id')
    expect(truth.size).toBe(10 + 3 + 20 + 20 + 4 + 6)
    expect(byText(found)).toEqual(truth)
    expect(report).toMatchObject({
      verdict: 'different',
      missingLeft: 20,
      missingRight: 20,
      changed: 23,
      unstable: 0,
      rows: { left: 200_009n, right: 200_009n },
      columns: ['id', 'value'],
      keyColumns: ['id'],
    })
    expect(report.fetchedRows).toBeLessThan(2_000)
    expect(events).toContainEqual(expect.objectContaining({ type: 'verdict', verdict: 'different' }))
  })

  it('finds every pair of rows that have swapped their values', async () => {
    await onBoth(
      'create table swaps (id uuid primary key, value text not null)',
      `insert into swaps select md5(i::text)::uuid, 'value ' || i from generate_series(1, 5000) i`,
    )
    await onRight(
      `update swaps set value = 'value ' || s.other from (select i, case when i % 2 = 1 then i + 1 else i - 1 end as other from generate_series(1, 2000) i) s where id = md5(s.i::text)::uuid`,
    )
    expect((await checkUp('swaps')).report).toMatchObject({
      verdict: 'different',
      changed: 2000,
      missingLeft: 0,
      missingRight: 0,
    })
  })

  it.each([0, 1, 63, 65, 3000])('sees %i rows on one side only, and equal tables of that size', async (size) => {
    const table = `sized_${size}`
    await onBoth(`create table ${table} (id uuid primary key, value text)`)
    expect((await checkUp(table)).report).toMatchObject({ verdict: 'same', rows: { left: 0n, right: 0n } })
    await onRight(`insert into ${table} select md5(i::text)::uuid, 'v' from generate_series(1, ${size}) i`)
    expect((await checkUp(table)).report).toMatchObject({
      verdict: size === 0 ? 'same' : 'different',
      missingLeft: size,
    })
    await using left = await plainClient(A.url)
    await left.query(`insert into ${table} select md5(i::text)::uuid, 'v' from generate_series(1, ${size}) i`)
    expect((await checkUp(table)).report).toMatchObject({
      verdict: 'same',
      fetchedRows: 0,
      rows: { left: BigInt(size) },
    })
  })
})

describe('check.tables on other tables', () => {
  const TYPES: readonly (readonly [type: string, value: string, other: string])[] = [
    ['int2', '1', '-1'],
    ['int4', '1', '2'],
    ['int8', '-1', '4294967295'],
    ['int8', '1', '4294967296'],
    ['numeric', '1.0', '1.00'],
    ['numeric(12,2)', '5.00', '-5.00'],
    ['float4', '0', '-0'],
    ['float8', '0', '-0'],
    ['float8', '0.1', '0.10000000000000002'],
    ['bool', 'true', 'false'],
    ['bool', 'false', 'NULL'],
    ['text', 'a', 'a '],
    ['text', '', 'NULL'],
    ['varchar(10)', 'a', 'A'],
    ['char(5)', 'a', 'b'],
    ['citext_like', 'a', 'A'],
    ['bytea', '\\x00', '\\x0000'],
    ['date', '2024-02-29', 'infinity'],
    ['timestamp', '2024-01-01 00:00:00', '2024-01-01 00:00:00.000001'],
    ['timestamptz', '2024-01-01 00:00:00Z', '2024-01-01 00:00:00.000001Z'],
    ['time', '12:00', '12:00:00.000001'],
    ['timetz', '12:00+00', '13:00+01'],
    ['interval', '1 mon', '30 days'],
    ['uuid', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001'],
    ['jsonb', '{"a": 1}', '{"a": 1.0}'],
    ['json', '{"a": 1}', '{"a":1}'],
    ['xml_like', '<a/>', '<a></a>'],
    ['int4[]', '{1,NULL}', '{NULL,1}'],
    ['text[]', '{a,"b,c"}', '{a,b,c}'],
    ['mood', 'sad', 'glad'],
    ['mood[]', '{sad}', '{glad}'],
    ['inet', '10.0.0.1', '10.0.0.1/8'],
    ['cidr', '10.0.0.0/8', '10.0.0.0/9'],
    ['macaddr', '08:00:2b:01:02:03', '08:00:2b:01:02:04'],
    ['bit varying', '1', '10'],
    ['int4range', '[1,2)', '[1,3)'],
    ['pair', '(1,a)', '(1,)'],
    ['positive', '1', '2'],
    ['point', '(1,2)', '(1,3)'],
    ['tsvector', 'a', 'b'],
    ['money', '1', '2'],
    ['oid', '1', '4294967295'],
    ['"char"', 'a', 'b'],
    ['name', 'a', 'b'],
  ]
  const literal = (value: string): string => (value === 'NULL' ? 'NULL' : `'${value.replaceAll("'", "''")}'`)

  it('compares every type exactly, also enums whose OIDs differ between the servers', async () => {
    await onRight(`create type decoy as enum ('x', 'y', 'z')`)
    await onRight(`create type mood as enum ('glad')`)
    await onRight(`alter type mood add value 'sad'`)
    await using left = await plainClient(A.url)
    await left.query(`create type mood as enum ('sad', 'glad')`)
    await onBoth(
      'create domain positive as int8 check (value > 0)',
      'create domain xml_like as text',
      `create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      'create domain citext_like as text collate loose',
      'create type pair as (a int, b text)',
      `create table every (id int8, part text, ${TYPES.map(([type], index) => `c${index} ${type}`).join(', ')}, primary key (part, id))`,
      `insert into every select i, 'p', ${TYPES.map(([, value]) => literal(value)).join(', ')} from generate_series(1, 200) i`,
    )
    const equal = await checkUp('every')
    expect(equal.report).toMatchObject({ verdict: 'same', fetchedRows: 0, rows: { left: 200n, right: 200n } })

    for (const [index, [, , other]] of TYPES.entries())
      await onRight(`update every set c${index} = ${literal(other)} where id = ${index + 1}`)
    const { report, found } = await checkUp('every')
    const missed = TYPES.flatMap(([type], index) => (found.has(JSON.stringify(['p', String(index + 1)])) ? [] : [type]))
    expect(missed).toEqual([])
    expect(report).toMatchObject({ verdict: 'different', changed: TYPES.length, missingLeft: 0, missingRight: 0 })
  })

  it('takes columns in another order and wider types of the same kind', async () => {
    await using left = await plainClient(A.url)
    await left.query(
      'create table ordered (id int4, kind varchar(10), "odd ""name" text not null, primary key (id, kind))',
    )
    await onRight('create table ordered ("odd ""name" text, kind text, id int8, primary key (kind, id))')
    const rows = `select i, 'k', 'v' || i from generate_series(1, 2000) i`
    await left.query(`insert into ordered (id, kind, "odd ""name") ${rows}`)
    await onRight(`insert into ordered (id, kind, "odd ""name") ${rows}`)
    expect((await checkUp('ordered')).report).toMatchObject({ verdict: 'same', fetchedRows: 0 })
    await onRight(`update ordered set "odd ""name" = 'x' where id in (7, 8)`)
    const { found } = await checkUp('ordered')
    expect(found).toEqual(
      new Map([
        ['["7","k"]', 'changed'],
        ['["8","k"]', 'changed'],
      ]),
    )
  })

  it('reads rows of megabytes in bounded pieces', async () => {
    await onBoth(
      'create table large (id int4 primary key, body text, more bytea)',
      `insert into large select i, repeat(md5(i::text), 60000), decode(repeat(md5(i::text), 20000), 'hex') from generate_series(1, 40) i`,
    )
    expect((await checkUp('large')).report).toMatchObject({ verdict: 'same' })
    await onRight(`update large set more = more || '\\x00'::bytea where id % 7 = 0`)
    await onRight('delete from large where id = 40')
    const { found, report } = await checkUp('large')
    expect(report).toMatchObject({ changed: 5, missingRight: 1, missingLeft: 0 })
    expect(byText(found)).toEqual(await oracle('large', 'id'))
  })

  it('says what is in the way of a comparison', async () => {
    await using left = await plainClient(A.url)
    await left.query('create table uneven (id int4 primary key, a text, b text)')
    await onRight('create table uneven (id int4 primary key, a timestamptz, b text)')
    await expect(checkUp('uneven')).rejects.toThrow(/column a is text left and timestamp with time zone right/)
    await onRight('alter table uneven drop column a, add column c text')
    await expect(checkUp('uneven')).rejects.toThrow(/column a is only on the left; column c is only on the right/)
    await using one = postgres(A.url)
    await using other = postgres(A.url)
    await expect(runCheck(one, other, { table: 'uneven', settleMs: 0 })).rejects.toThrow(/one and the same table/)
  })

  it('needs no more than the rights it names', async () => {
    await onBoth(
      'create table guarded (id int4 primary key, v text)',
      'insert into guarded select i, i::text from generate_series(1, 500) i',
      `do $$ begin create role check_reader login password 'r'; exception when duplicate_object then null; end $$`,
    )
    await onRight('delete from guarded where id = 3')
    const sides = [A, B]
    await using left = postgres(A.urlOf({ user: 'check_reader', password: 'r' }))
    await using right = postgres(B.urlOf({ user: 'check_reader', password: 'r' }))
    await using leftOwner = postgres(A.url)
    await using rightOwner = postgres(B.url)
    const owner = check.tables({ left: leftOwner.table('guarded'), right: rightOwner.table('guarded') })
    const grants = await owner.grants('check_reader', new AbortController().signal)
    for (const [index, { statements }] of grants.entries()) {
      await using client = await plainClient(sides[index]?.url ?? '')
      for (const statement of statements) await client.query(statement)
    }
    const { found } = await runCheck(left, right, { table: 'guarded', settleMs: 0 })
    expect(found).toEqual(new Map([['["3"]', 'missing-right']]))
  })
})

/** `["x"]` -> `{x}`, for keys that need no quotes in an array. */
function byText(found: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...found].map(([key, kind]) => [`{${JSON.parse(key).join(',')}}`, kind]))
}
