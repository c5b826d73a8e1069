import { check } from 'lockstep'
import { mysql } from 'lockstep/mysql'
import { type Connection, createConnection } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import { testMariadb } from '../support/mariadb.js'
import { servedChecks } from './served-checks.js'

const A = testMariadb()
const B = testMariadb()

/** As a person would run what they have copied: the whole text, in one go. */
async function opened(url: string): Promise<Connection> {
  return createConnection({ uri: url, multipleStatements: true, supportBigNumbers: true, bigNumberStrings: true })
}

const VALUES = 'select id, hex(v), hex(raw), cast(price as char), cast(at as char(26)), done from t order by id'

async function valuesOf(connection: Connection, query = VALUES): Promise<unknown> {
  const [rows] = await connection.query({ sql: query, rowsAsArray: true })
  return rows
}

describe('repair SQL of a run, on MariaDB', () => {
  it('makes one side like the other by what a person copies, whatever is in the values', async () => {
    const [left, right] = [await opened(A.url), await opened(B.url)]
    await using a = mysql(A.url)
    await using b = mysql(B.url)
    const served = servedChecks({ same: check.tables({ left: a.table('t'), right: b.table('t'), settleMs: 1 }) })
    try {
      for (const side of [left, right]) {
        await side.query(`create table t (id bigint unsigned primary key, v text, raw varbinary(20), price decimal(20, 4),
          at datetime(6), done tinyint(1)) character set utf8mb4`)
        await side.query(`insert into t values (1, 'same', null, 1.5, '2026-01-01 00:00:00.000001', 1)`)
        await side.query('insert into t values (2, ?, ?, ?, ?, ?), (18446744073709551615, ?, ?, ?, ?, ?)', [
          ...[
            `it's \\ "q" \n 💡 ?`,
            Buffer.from([0, 39, 92, 255]),
            '1234567890123456.7891',
            '2026-02-28 23:59:59.999999',
            0,
          ],
          ...[null, Buffer.alloc(0), '-0.0001', null, null],
        ])
      }
      await right.query(`update t set v = 'x\\\\', raw = 'x', price = 0, at = now(6), done = 1 where id <> 1`)
      await left.query(`insert into t select 7, v, raw, price, at, done from t where id = 2`)
      await right.query(`insert into t (id, v) values (9, 'only right')`)
      const before = [await valuesOf(left), await valuesOf(right)]
      const run = await served.check('same')
      const kept = await served.client.repairSql('same', run, { side: 'right' })
      expect([await valuesOf(left), await valuesOf(right)]).toEqual(before)
      expect(kept).toMatchObject({ statements: 3, findings: 4, left: [{ count: 1 }], complete: true })
      expect(JSON.stringify(kept.left)).not.toContain('--')
      await right.query(kept.sql)
      expect(await valuesOf(right, VALUES.replace('order', 'where id <> 9 order'))).toEqual(await valuesOf(left))
      const all = await served.client.repairSql('same', run, { side: 'right', delete: true })
      expect(all).toMatchObject({ statements: 1, changedMeanwhile: 3 })
      await right.query(all.sql)
      expect(await valuesOf(right)).toEqual(await valuesOf(left))
    } finally {
      await Promise.all([left.end(), right.end()])
    }
  })

  it('sets stored numbers over two databases to what refers to them now', async () => {
    const [left, right] = [await opened(A.url), await opened(B.url)]
    await using a = mysql(A.url)
    await using b = mysql(B.url)
    const counts = check.references({
      master: a.table('blobs').column('uses'),
      references: [a.table('sent').column('blob'), b.table('refs').column('blob')],
      settleMs: 1,
    })
    const served = servedChecks({ counts })
    try {
      await left.query(`create table blobs (id int primary key, uses int); insert into blobs values (1, 2), (2, 7), (3, 1);
        create table sent (id int primary key, \`blob\` int, index (\`blob\`)); insert into sent values (1, 1), (2, 2)`)
      await right.query(`create table refs (id int primary key, \`blob\` int, index (\`blob\`));
        insert into refs values (1, 1), (2, 2), (3, 77)`)
      const run = await served.check('counts')
      const made = await served.client.repairSql('counts', run)
      expect(made).toMatchObject({ side: 'stored', statements: 2, findings: 3, left: [{ count: 1 }] })
      await left.query(made.sql)
      expect(await valuesOf(left, 'select id, uses from blobs order by id')).toEqual([
        [1, 2],
        [2, 2],
        [3, 0],
      ])
    } finally {
      await Promise.all([left.end(), right.end()])
    }
  })
})
