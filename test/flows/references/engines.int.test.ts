import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import { postgres } from '../../../src/adapters/postgres/database.js'
import { max, sum } from '../../../src/flows/check/references/aggregates.js'
import type { ReferencesCheck } from '../../../src/flows/check/references/options.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'
import { testDatabase } from '../../support/postgres.js'
import { query } from '../../support/sql.js'
import { fillBlobs, oracle } from './blobs.js'
import { checkReferences } from './plan.js'

const G = testMariadb()
const S = testMariadb()
const P = testDatabase('a')
const urls = { global: G.url, shard: S.url, archive: P.url }
const TOTAL = 1_000_000
const BLOBS = 200_000

const global = mysql(G.url)
const shard = mysql(S.url)
const archive = postgres(P.url)

afterAll(async () => {
  for (const database of [global, shard, archive]) await database[Symbol.asyncDispose]()
})

const blobs: ReferencesCheck = {
  master: global.table('BlobStorage', { key: ['ID'] }).column('NumReferences'),
  references: [
    global.table('SentMessage').column('BlobStorageID'),
    global.table('SentAttachment').column('BlobStorageID'),
    shard.table('Attachment').column('BlobStorageID', { where: 'Deleted = 0 -- ? kept' }),
    shard.table('ContactData').column('BlobStorageID'),
    shard.table('MessageData').column('Body'),
    shard.table('MessageData').column('Header'),
    archive.table('archived').column('blob_id'),
  ],
  none: [null, 0],
  settleMs: 50,
}

beforeAll(() => fillBlobs(urls, { blobs: BLOBS, total: TOTAL }), 300_000)

describe('a million references in two MariaDB databases and one of PostgreSQL', () => {
  it('are counted exactly', async () => {
    const before = process.memoryUsage().rss
    const done: number[] = []
    const { report, findings } = await checkReferences(blobs, { progress: (told) => done.push(told.done) })
    expect(findings).toEqual([])
    expect(done.at(-1)).toBe(BLOBS)
    expect(done.length).toBeGreaterThan(5)
    expect(done.length).toBeLessThan(BLOBS / 100)
    expect(report).toMatchObject({ verdict: 'same', master: { rows: BLOBS } })
    expect(report.total).toBeGreaterThan(TOTAL * 0.85)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 << 20)
  })

  it('with faults of every kind: all are found, and nothing else', async () => {
    await mariadbQuery(
      G.url,
      `update BlobStorage set NumReferences = NumReferences + 1 where ID % 101 = 0;
       update BlobStorage set NumReferences = 0 where ID % 103 = 0;
       delete from BlobStorage where ID % 107 = 0 or ID = 1 or ID = 18446744073709550615;
       insert into BlobStorage (ID, NumReferences) select 900000000 + seq, 3 from seq_1_to_1500;
       insert into BlobStorage (ID, NumReferences) select 950000000 + seq, 0 from seq_1_to_1500;
       insert into SentMessage (BlobStorageID) values (18446744073709551615), (18446744073709551615);`,
    )
    await mariadbQuery(
      S.url,
      `delete from MessageData where ID % 997 = 0; update ContactData set BlobStorageID = 980000000 + ID where ID % 501 = 0`,
    )
    await query(P.url, 'delete from archived where id % 499 = 0')
    const expected = await oracle(urls)
    const { report, byKey, findings } = await checkReferences(blobs, { details: { findings: 5, rows: 2 } })
    expect(new Map([...byKey].sort())).toEqual(new Map([...expected].sort()))
    expect(report.verdict).toBe('different')
    expect(report.unreferenced).toBeGreaterThanOrEqual(1_500)
    expect(report.orphan).toBeGreaterThan(1_000)
    expect(byKey.get('18446744073709551615')).toBe('orphan undefined 2')
    const popular = findings.find(({ key }) => key === '1')
    expect(popular).toMatchObject({ kind: 'orphan', stored: undefined })
    expect(popular?.sources[0]).toMatchObject({ name: `${G.name}.SentMessage.BlobStorageID`, rowKey: ['ID'] })
    expect(popular?.sources[0]?.rows).toHaveLength(2)
  })
})

it('checks sums and greatest values of MariaDB', async () => {
  await mariadbQuery(
    G.url,
    `create table Part (ID int primary key, Blob_ID bigint unsigned, Bytes bigint unsigned, At datetime(6), index (Blob_ID));
     insert into Part select seq, 1 + seq % 300, if(seq % 7 = 0, null, 18446744073709551 + seq), '2026-01-01' + interval seq microsecond from seq_1_to_5000;
     create table Whole (ID bigint unsigned primary key, Bytes decimal(30,0), At datetime(6));
     insert into Whole select Blob_ID, coalesce(sum(Bytes), 0), max(At) from Part group by 1;
     insert into Whole values (1000, null, null), (1001, 0, null)`,
  )
  const part = global.table('Part').column('Blob_ID')
  const bytes = {
    master: global.table('Whole').column('Bytes'),
    references: [part, part],
    of: sum('Bytes'),
    settleMs: 10,
  }
  const at = { master: global.table('Whole').column('At'), references: [part], of: max('At'), settleMs: 10 }
  expect((await checkReferences(at)).report).toMatchObject({ verdict: 'same', total: undefined })
  expect((await checkReferences(bytes)).report.mismatch, 'each row is counted twice').toBe(300)
  expect((await checkReferences({ ...bytes, references: [part] })).report.verdict).toBe('same')
  await mariadbQuery(G.url, 'update Whole set At = At + interval 1 microsecond, Bytes = Bytes - 1 where ID = 7')
  expect([...(await checkReferences(at)).byKey.keys()]).toEqual(['7'])
  expect([...(await checkReferences({ ...bytes, references: [part] })).byKey.keys()]).toEqual(['7'])
})

it('agrees with PostgreSQL on keys that are texts, binary or uuids', async () => {
  const types = [
    [
      'varchar(40) character set utf8mb4 collate utf8mb4_bin',
      'text',
      `concat(case when seq % 2 = 0 then 'é' else '😀' end, char(1 + seq % 50), seq)`,
    ],
    ['char(20) character set ascii collate ascii_bin', 'text', `concat('k', seq * 7919 % 100000)`],
    ['varbinary(20)', 'bytea', `unhex(substr(md5(seq), 1, 10 + seq % 5 * 2))`],
    [
      'uuid',
      'uuid',
      `cast(concat(substr(md5(seq), 1, 8), '-', substr(md5(seq), 9, 4), '-1', substr(md5(seq), 14, 3), '-a', substr(md5(seq), 18, 3), '-', substr(md5(seq), 21, 12)) as uuid)`,
    ],
  ] as const
  for (const [ours, theirs, make] of types) {
    await mariadbQuery(
      G.url,
      `drop table if exists M; create table M (K ${ours} primary key, N int);
       insert ignore into M select ${make}, 1 from seq_1_to_6000`,
    )
    const hex = theirs === 'uuid' ? 'cast(K as char)' : 'hex(K)'
    const keys = await mariadbQuery(G.url, `select ${hex} as k from M`)
    const read =
      theirs === 'uuid' ? 'k::uuid' : theirs === 'bytea' ? `decode(k, 'hex')` : `convert_from(decode(k, 'hex'), 'UTF8')`
    await query(
      P.url,
      `drop table if exists r; create table r (id serial primary key, k ${theirs});
       insert into r (k) select ${read} from unnest('{${keys.map(({ k }) => String(k)).join(',')}}'::text[]) k;
       create index on r (k ${theirs === 'text' ? 'collate "C"' : ''}); delete from r where id % 1000 = 0`,
    )
    const { report } = await checkReferences({
      master: global.table('M').column('N'),
      references: [archive.table('r').column('k')],
      settleMs: 10,
    })
    expect(report, ours).toMatchObject({
      unreferenced: Math.floor(keys.length / 1_000),
      orphan: 0,
      mismatch: 0,
      master: { rows: keys.length },
    })
  }
})

it('tells texts apart that differ in spaces at the end', async () => {
  await mariadbQuery(
    G.url,
    `create table Pad (ID int primary key, K varchar(20) character set utf8mb4 collate utf8mb4_bin, index (K));
     insert into Pad values (1, 'a'), (2, 'a '), (3, 'a  '), (4, 'a')`,
  )
  await query(
    P.url,
    `create table pad (k text primary key, n int); insert into pad values ('a', 2), ('a ', 1), ('a  ', 1)`,
  )
  const { report } = await checkReferences({
    master: archive.table('pad').column('n'),
    references: [global.table('Pad').column('K')],
    settleMs: 10,
  })
  expect(report).toMatchObject({ verdict: 'same', references: [{ keys: 3 }] })
})
