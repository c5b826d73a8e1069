import { bigint, mysqlTable } from 'drizzle-orm/mysql-core'
import { integer, pgTable } from 'drizzle-orm/pg-core'
import { integer as sqliteInteger, sqliteTable } from 'drizzle-orm/sqlite-core'
import { expect, test } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import { postgres } from '../../../src/adapters/postgres/database.js'
import { sqlite } from '../../../src/adapters/sqlite/database.js'
import { check } from '../../../src/flows/check/check.js'

const blobs = mysqlTable('BlobStorage', { id: bigint('ID', { mode: 'bigint' }), refs: bigint('N', { mode: 'bigint' }) })
const mails = pgTable('mails', { blobId: integer('blob_id') })
const notes = sqliteTable('notes', { blobId: sqliteInteger('blob_id') })

const my = mysql('mysql://u:p@localhost/x')
const pg = postgres('postgres://u:p@localhost/x')
const lite = sqlite(':memory:')

test('a column is named as in its Drizzle table, else it does not compile', () => {
  const master = my.table(blobs).column('refs')
  expect(master).toMatchObject({ column: 'refs', options: {} })
  expect(pg.table(mails).column('blobId', { where: 'true' })).toMatchObject({ options: { where: 'true' } })
  expect(lite.table(notes).column('blobId')).toMatchObject({ column: 'blobId' })
  // @ts-expect-error: no such column
  expect(my.table(blobs).column('N').column).toBe('N')
  // @ts-expect-error: no such column
  expect(pg.table(mails).column('blob_id').column).toBe('blob_id')
  // @ts-expect-error: no such column
  expect(lite.table(notes).column('blob_id').column).toBe('blob_id')
  expect(my.table('any').column('thing').column).toBe('thing')
})

test('options are checked when the config is loaded', () => {
  const master = my.table(blobs).column('refs')
  expect(() => check.references({ master, references: [] })).toThrow(/check\.references\(\{ references \}\)/)
  const unknown = { master, references: [master], settle: 3 }
  expect(() => check.references(unknown)).toThrow(/settle/)
  const flow = check.references({ master, references: [master, pg.table(mails).column('blobId')] })
  expect(flow).toMatchObject({ kind: 'check', databases: [my, pg] })
})
