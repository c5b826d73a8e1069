import type { PlainSql } from '../plain-sql.js'

/** Commit timestamps tell the lag of every row; all else is as the embedded servers are by default, durability included. */
export const SETTINGS = { track_commit_timestamp: 'on', wal_level: 'logical', max_wal_size: '16GB' }

export async function create(side: PlainSql): Promise<void> {
  await side.run('drop table if exists records')
  await side.run('drop schema if exists lockstep cascade')
  await side.run('create table records (id uuid primary key, value text not null)')
}

/** The same rows on both sides. */
export async function fillBoth(left: PlainSql, right: PlainSql, rows: number): Promise<void> {
  if (rows === 0) return
  const fill = `insert into records select md5(i::text)::uuid, md5((-i)::text) from generate_series(1, ${rows}) as i`
  await Promise.all([left.run(fill), right.run(fill)])
  await Promise.all([left.run('vacuum (analyze, freeze) records'), right.run('vacuum (analyze, freeze) records')])
  await Promise.all([left.run('checkpoint'), right.run('checkpoint')])
}

/** By plain SQL: the number of rows and a sum over whole rows. */
export async function identical(left: PlainSql, right: PlainSql): Promise<boolean> {
  const digest = 'select count(*)::text as n, sum(hashtextextended(r::text, 0))::text as h from records as r'
  const [one, other] = await Promise.all([left.run(digest), right.run(digest)])
  return one.rows[0].n === other.rows[0].n && one.rows[0].h === other.rows[0].h
}
