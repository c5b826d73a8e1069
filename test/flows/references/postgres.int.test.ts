import { beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/database.js'
import { max, sum } from '../../../src/flows/check/references/aggregates.js'
import { testDatabase } from '../../support/postgres.js'
import { query } from '../../support/sql.js'
import { checkReferences } from './plan.js'

const A = testDatabase('a')
const B = testDatabase('b')

/** 40,000 blobs; 30,000 mails in one database; 20,000 messages with two columns each in another. Popularity is skewed. */
beforeAll(async () => {
  await query(
    A.url,
    `create table blobs (id bigint primary key, refs int not null, bytes numeric, latest timestamptz);
     create table mails (id bigserial primary key, blob_id bigint, kind text, bytes bigint, at timestamptz);
     insert into mails (blob_id, kind, bytes, at)
       select case when n % 50 = 0 then null when n % 50 = 1 then 0 else 1 + floor(40000 * power(random(), 3)) end, 'mail', n % 1000,
         '2026-01-01'::timestamptz + n * interval '1 second 1 microsecond' from generate_series(1, 30000) n;
     create index on mails (blob_id)`,
  )
  await query(
    B.url,
    `create table messages (id int primary key, body bigint, header bigint);
     insert into messages select n, 1 + floor(40000 * power(random(), 2)), 1 + floor(40000 * random()) from generate_series(1, 20000) n;
     create index on messages (body)`,
  )
  const messages = await query<{ body: string; header: string }>(B.url, 'select body, header from messages')
  const inB = messages.flatMap(({ body, header }) => [body, header])
  await query(
    A.url,
    `insert into blobs select id, 0 from generate_series(1, 40000) id;
     with counted as (select blob_id, count(*) as n from (
         select blob_id from mails union all select unnest('{${inB.join(',')}}'::bigint[])) r group by 1)
     update blobs set refs = n from counted where blob_id = id;
     update blobs set bytes = s, latest = m from (select blob_id, sum(bytes) s, max(at) m from mails group by 1) x where blob_id = id;
     vacuum analyze`.replace(/vacuum analyze$/, 'select 1'),
  )
})

function blobs(a = postgres(A.url), b = postgres(B.url)) {
  const check = {
    master: a.table('blobs').column('refs'),
    references: [
      a.table('mails').column('blob_id'),
      b.table('messages').column('body'),
      b.table('messages').column('header'),
    ],
    none: [null, 0],
    settleMs: 50,
  }
  return {
    check,
    [Symbol.asyncDispose]: async () => void (await Promise.all([a, b].map((one) => one[Symbol.asyncDispose]()))),
  }
}

describe('stored counts', () => {
  it('are right, with and without an index on the column, NULL and 0 being no reference', async () => {
    await using all = blobs()
    const { report, findings } = await checkReferences(all.check)
    expect(findings).toEqual([])
    expect(report).toMatchObject({ verdict: 'same', master: { rows: 40_000 } })
    const [counted] = await query<{ n: string }>(A.url, 'select sum(refs)::int as n from blobs')
    expect(report.total).toBe(counted?.n)
  })

  it('are found wrong, each kind of fault and nothing else, with the rows that refer to the key', async () => {
    await using all = blobs()
    await query(
      A.url,
      `update blobs set refs = refs + 1 where id % 7 = 0;
       delete from blobs where id in (1, 2)`,
    )
    const stored = await query<{ id: string; refs: number }>(A.url, 'select id, refs from blobs')
    const storedOf = new Map(stored.map(({ id, refs }) => [id, refs]))
    const inA = await query<{ id: string; n: number }>(
      A.url,
      'select blob_id as id, count(*)::int as n from mails where blob_id > 0 group by 1',
    )
    const inB = await query<{ id: string; n: number }>(
      B.url,
      'select id, count(*)::int as n from (select body as id from messages union all select header from messages) r group by 1',
    )
    const counted = new Map<string, number>()
    for (const { id, n } of [...inA, ...inB]) counted.set(id, (counted.get(id) ?? 0) + n)
    const expected = new Map<string, string>()
    for (const id of new Set([...storedOf.keys(), ...counted.keys()])) {
      const [has, should] = [storedOf.get(id), counted.get(id) ?? 0]
      if (has === should) continue
      const kind = has === undefined ? 'orphan' : counted.has(id) ? 'mismatch' : 'unreferenced'
      expected.set(id, `${kind} ${has} ${should}`)
    }
    const { report, byKey, findings } = await checkReferences(all.check, { details: { findings: 100, rows: 3 } })
    expect(report.verdict).toBe('different')
    expect(byKey.size).toBeGreaterThan(5_000)
    expect(new Map([...byKey].sort())).toEqual(new Map([...expected].sort()))
    const one = findings.find(({ key }) => key === '1')
    expect(one?.sources[0]).toMatchObject({ name: 'public.mails.blob_id', rowKey: ['id'] })
    expect(one?.sources[0]?.rows).toHaveLength(3)
    await query(
      A.url,
      'update blobs set refs = refs - 1 where id % 7 = 0; insert into blobs (id, refs) values (1, 0), (2, 0)',
    )
  })
})

it('checks sums and greatest values, of numerics and of times', async () => {
  await using a = postgres(A.url)
  const mails = a.table('mails').column('blob_id', { where: "kind = 'mail' -- all" })
  const common = { references: [mails], none: [0], settleMs: 20 }
  // Blobs 1 and 2 were made anew by the test before.
  await query(
    A.url,
    `update blobs set bytes = s, latest = m from (select blob_id, sum(bytes) s, max(at) m from mails group by 1) x where blob_id = id`,
  )
  const bytes = { ...common, master: a.table('blobs').column('bytes'), of: sum('bytes') }
  const latest = { ...common, master: a.table('blobs').column('latest'), of: max('at') }
  expect(await checkReferences(bytes)).toMatchObject({ report: { verdict: 'same' }, findings: [] })
  expect(await checkReferences(latest)).toMatchObject({ report: { verdict: 'same' }, findings: [] })
  const [wrong] = await query<{ id: string; bytes: string }>(
    A.url,
    `update blobs set bytes = bytes + 0.001, latest = latest + interval '1 microsecond'
       where id = (select blob_id from mails where blob_id > 0 order by id limit 1) returning id, bytes`,
  )
  expect([...(await checkReferences(bytes)).byKey]).toEqual([
    [wrong?.id, expect.stringContaining(`mismatch ${wrong?.bytes}`)],
  ])
  expect([...(await checkReferences(latest)).byKey.keys()]).toEqual([wrong?.id])
})

it('takes keys that are uuids, texts and binary, in their own order', async () => {
  await using a = postgres(A.url)
  for (const [type, make] of [
    ['uuid', `md5(n::text)::uuid`],
    [
      'text',
      `case when n % 3 = 0 then 'É' when n % 3 = 1 then '😀' else U&'\\FFFD' end || chr(20 + n % 3000) || n || '"\\,'`,
    ],
    ['bytea', `decode(md5(n::text), 'hex')`],
    ['numeric(20,0)', `n + 18446744073709500000`],
  ] as const) {
    await query(
      A.url,
      `drop table if exists m, r; create table m (k ${type} primary key, refs int); create table r (id int primary key, k ${type});
       insert into m select ${make}, n % 3 from generate_series(1, 9000) n;
       insert into r select n * 3 + i, ${make} from generate_series(1, 9000) n, generate_series(1, n % 3) i;
       update m set refs = 9 where k in (select k from m order by md5(k::text) limit 5)`,
    )
    const wrong = await query<{ n: number }>(A.url, `select count(*)::int as n from m where refs = 9`)
    for (const index of ['', `create index on r (k ${type === 'text' ? 'collate "C"' : ''})`]) {
      if (index !== '') await query(A.url, index)
      const { report, byKey } = await checkReferences({
        master: a.table('m').column('refs'),
        references: [a.table('r').column('k')],
        settleMs: 10,
      })
      expect(byKey.size, type).toBe(wrong[0]?.n)
      expect(report, type).toMatchObject({ master: { rows: 9_000 }, orphan: 0, total: 9_000 })
    }
  }
})
