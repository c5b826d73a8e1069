import { mariadbQuery } from '../../support/mariadb.js'
import { query } from '../../support/sql.js'

/** The tables of a mail archive: blobs and two tables in one MariaDB database, three in a second, and one in PostgreSQL. */
export const GLOBAL = `
  create table BlobStorage (ID bigint unsigned primary key, NumReferences int unsigned not null, Bytes bigint unsigned, LastUse datetime(6));
  create table SentMessage (ID int primary key auto_increment, BlobStorageID bigint unsigned, index (BlobStorageID));
  create table SentAttachment (ID int primary key auto_increment, BlobStorageID bigint unsigned);`

export const SHARD = `
  create table Attachment (ID int primary key auto_increment, BlobStorageID bigint unsigned not null, Deleted bool not null default 0, index (BlobStorageID));
  create table ContactData (ID int primary key auto_increment, BlobStorageID bigint unsigned, index (BlobStorageID));
  create table MessageData (ID int primary key auto_increment, Body bigint unsigned, Header bigint unsigned, index (Body), index (Header));`

export const ARCHIVE =
  'create table archived (id serial primary key, blob_id numeric(20,0)); create index on archived (blob_id)'

export interface Urls {
  readonly global: string
  readonly shard: string
  readonly archive: string
}

/** Keys up to 2^64 - 1: the most popular are the smallest, one in a thousand keys is huge. */
function zipf(blobs: number, skew: number): string {
  return `cast(1 + floor(${blobs} * pow(rand(), ${skew})) as unsigned)`
}

function huge(table: string, column: string): string {
  return `update ${table} set ${column} = 18446744073709551615 - ${column} where ${column} > 0 and ${column} % 1000 = 0;`
}

/** `total` references over all tables, and blobs whose numbers are right. */
export async function fillBlobs(
  { global, shard, archive }: Urls,
  { blobs, total }: { blobs: number; total: number },
): Promise<void> {
  const rows = (share: number): number => Math.round(total * share)
  await mariadbQuery(
    global,
    `${GLOBAL}
     insert into SentMessage (BlobStorageID) select if(seq % 10 = 0, null, if(seq % 10 = 1, 0, ${zipf(blobs, 4)})) from seq_1_to_${rows(0.3)};
     insert into SentAttachment (BlobStorageID) select ${zipf(blobs, 3)} from seq_1_to_${rows(0.1)};
     ${huge('SentMessage', 'BlobStorageID')} ${huge('SentAttachment', 'BlobStorageID')}`,
  )
  await mariadbQuery(
    shard,
    `${SHARD}
     insert into Attachment (BlobStorageID, Deleted) select ${zipf(blobs, 2)}, seq % 5 = 0 from seq_1_to_${rows(0.2)};
     insert into ContactData (BlobStorageID) select ${zipf(blobs, 1)} from seq_1_to_${rows(0.05)};
     insert into MessageData (Body, Header) select ${zipf(blobs, 2)}, ${zipf(blobs, 1)} from seq_1_to_${rows(0.125)};
     ${huge('Attachment', 'BlobStorageID')} ${huge('ContactData', 'BlobStorageID')} ${huge('MessageData', 'Body')} ${huge('MessageData', 'Header')}`,
  )
  await query(
    archive,
    `${ARCHIVE};
     insert into archived (blob_id) select case when r % 1000 = 0 then 18446744073709551615 - r else r end
       from (select (1 + floor(${blobs} * power(random(), 3)))::numeric as r from generate_series(1, ${rows(0.1)})) z`,
  )
  const counted = await recount({ global, shard, archive })
  await mariadbQuery(
    global,
    `insert into BlobStorage (ID, NumReferences) select if(seq % 1000 = 0, 18446744073709551615 - seq, seq), 0 from seq_1_to_${blobs}`,
  )
  const pairs = [...counted].map(([id, n]) => `(${id},${n})`)
  for (let at = 0; at < pairs.length; at += 50_000) {
    await mariadbQuery(
      global,
      `insert into BlobStorage (ID, NumReferences) values ${pairs.slice(at, at + 50_000).join(',')} on duplicate key update NumReferences = values(NumReferences)`,
    )
  }
}

const COUNT = (column: string, table: string, where = 'true'): string =>
  `select ${column} as id, count(*) as n from ${table} where ${column} <> 0 and ${where} group by ${column}`

/** The oracle: plain SQL per table, added by key. */
export async function recount({ global, shard, archive }: Urls): Promise<ReadonlyMap<string, number>> {
  const counted = new Map<string, number>()
  const results = [
    await mariadbQuery(global, COUNT('BlobStorageID', 'SentMessage')),
    await mariadbQuery(global, COUNT('BlobStorageID', 'SentAttachment')),
    await mariadbQuery(shard, COUNT('BlobStorageID', 'Attachment', 'Deleted = 0')),
    await mariadbQuery(shard, COUNT('BlobStorageID', 'ContactData')),
    await mariadbQuery(shard, COUNT('Body', 'MessageData')),
    await mariadbQuery(shard, COUNT('Header', 'MessageData')),
    await query(archive, COUNT('blob_id::text', 'archived').replace('blob_id::text <> 0', 'blob_id <> 0')),
  ]
  for (const row of results.flat()) {
    const id = String(row['id'])
    counted.set(id, (counted.get(id) ?? 0) + Number(row['n']))
  }
  return counted
}

/** What a check must find: `kind stored expected` by key. */
export async function oracle(urls: Urls): Promise<ReadonlyMap<string, string>> {
  const counted = await recount(urls)
  const stored = await mariadbQuery(urls.global, 'select ID as id, NumReferences as n from BlobStorage')
  const storedOf = new Map(stored.map(({ id, n }) => [String(id), Number(n)]))
  const wrong = new Map<string, string>()
  for (const [id, n] of storedOf) {
    const should = counted.get(id) ?? 0
    if (n !== should) wrong.set(id, `${should === 0 ? 'unreferenced' : 'mismatch'} ${n} ${should}`)
  }
  for (const [id, n] of counted) if (!storedOf.has(id)) wrong.set(id, `orphan undefined ${n}`)
  return wrong
}
