import { expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import { postgres } from '../../../src/adapters/postgres/database.js'
import type { CheckOptions, Flow, FlowContext } from '../../../src/core/flow.js'
import { check } from '../../../src/flows/check/check.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'
import { testDatabase } from '../../support/postgres.js'
import { query } from '../../support/sql.js'

const A = testDatabase('a')
const B = testDatabase('b')
const M = testMariadb()

/** Runs a check, and does something to a table once it has begun to read. */
async function checkWhile(flow: Flow, alter: () => Promise<void>): Promise<unknown> {
  const signal = new AbortController().signal
  const context: FlowContext = { name: 'same', observer: () => {}, drain: signal, abort: signal, untilCaughtUp: true }
  let altered: Promise<void> | undefined
  const progress: CheckOptions['progress'] = () => {
    altered ??= alter()
  }
  const outcome = flow.check?.(context, { settleMs: 600, progress })
  const [ended] = await Promise.allSettled([outcome])
  await altered
  return ended.status === 'rejected' ? ended.reason : ended.value
}

const ROWS = 'generate_series(1, 3000) id'
const changed = (column: string) => ({ code: 'schema-changed', message: expect.stringContaining(column) })

it('two tables of PostgreSQL get no verdict when a type is changed under them, though all rows still have equal digests', async () => {
  const table = `create table t (id int primary key, v int); insert into t select id, id from ${ROWS}`
  await query(A.url, `${table}; update t set v = 0 where id = 7`)
  await query(B.url, table)
  await using left = postgres(A.url)
  await using right = postgres(B.url)
  const flow = check.tables({ left: left.table('t'), right: right.table('t') })
  expect(
    await checkWhile(flow, () => query(B.url, 'alter table t alter v type bigint').then(() => undefined)),
  ).toMatchObject(changed('column v'))
})

it('nor do tables of two engines, nor stored numbers', async () => {
  await query(A.url, `create table u (id int primary key, v int); insert into u select id, 1 from ${ROWS}`)
  await mariadbQuery(
    M.url,
    `create table u (id int primary key, v int); insert into u select seq, 1 from seq_1_to_3000; update u set v = 0 where id = 7;
     create table r (id int primary key auto_increment, b int, index (b)); insert into r (b) select seq from seq_1_to_2999;`,
  )
  await using left = postgres(A.url)
  await using right = mysql(M.url)
  const tables = check.tables({ left: left.table('u'), right: right.table('u') })
  expect(
    await checkWhile(tables, () => mariadbQuery(M.url, 'alter table u modify v smallint').then(() => undefined)),
  ).toMatchObject(changed('column v'))
  const references = check.references({
    master: left.table('u').column('v'),
    references: [right.table('r').column('b')],
  })
  expect(
    await checkWhile(references, () => mariadbQuery(M.url, 'alter table r modify b bigint').then(() => undefined)),
  ).toMatchObject(changed('r.b'))
})
