import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import { postgres } from '../../../src/adapters/postgres/database.js'
import { sqlite } from '../../../src/adapters/sqlite/database.js'
import type { Database } from '../../../src/core/database.js'
import type { GroupRange } from '../../../src/core/groups.js'
import type { SharedSnapshot } from '../../../src/core/key-range.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'
import { testDatabase } from '../../support/postgres.js'
import { query } from '../../support/sql.js'

const never = (): AbortSignal => new AbortController().signal
const P = testDatabase('a')
const M = testMariadb()
let folder = ''
let databases: ReadonlyMap<string, Database>

const NUMBERS = ['-9223372036854775808', '-5', '0', '3', '4', '9', '10', '9223372036854775807']
const TEXTS = ['', 'Z', 'a', 'ab', 'é', '\uffee', '😀']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-'))
  const file = join(folder, 'groups.db')
  const numbers = NUMBERS.flatMap((key) => [key, key]).map(
    (key) => `(${key.replace(/^-9.*8$/, '-9223372036854775807 - 1')})`,
  )
  const texts = TEXTS.map((key) => `('${key}')`)
  const fill = (index: string): readonly string[] => [
    `insert into numbers (k) values ${numbers.join(',')}, (null)`,
    'insert into bare (k) select k from numbers',
    `create index numbers_k on numbers (k)`,
    `insert into texts (k) values ${texts.join(',')}, (null)`,
    index,
  ]
  const tables = (text: string): readonly string[] => [
    'create table numbers (k bigint)',
    'create table bare (k bigint)',
    `create table texts (k ${text})`,
  ]
  const lite = createClient({ url: `file:${file}` })
  await lite.batch([...tables('text'), ...fill('create index texts_k on texts (k)')], 'write')
  lite.close()
  await query(P.url, [...tables('text'), ...fill('create index texts_k on texts (k collate "C")')].join(';'))
  const binary = tables('varchar(20) character set utf8mb4 collate utf8mb4_bin')
  await mariadbQuery(M.url, [...binary, ...fill('create index texts_k on texts (k)')].join(';'))
  databases = new Map<string, Database>([
    ['PostgreSQL', postgres(P.url)],
    ['MariaDB', mysql(M.url)],
    ['SQLite', sqlite(file)],
  ])
})

afterAll(async () => {
  await Promise.all([...databases.values()].map((database) => database[Symbol.asyncDispose]()))
  await rm(folder, { recursive: true })
})

/** Of `numbers`, of `bare`, which has no index, or of `texts`. */
async function keysOf(
  database: Database | undefined,
  table: string,
  { held, ...range }: GroupRange & { readonly held?: SharedSnapshot },
): Promise<readonly string[]> {
  if (database === undefined) throw new Error('no such database')
  const request = { table: database.table(table), key: 'k', of: { kind: 'count' }, where: undefined } as const
  const reader = await database.groups?.([request], never())
  if (reader === undefined) throw new Error(`${database.engine} counts no references`)
  await using snapshot = await reader.snapshot('whole', never(), held)
  const keys: string[] = []
  for await (const groups of snapshot.groups(0, range, never())) keys.push(...Array.from(groups.keys, String))
  return keys
}

describe.each(['PostgreSQL', 'MariaDB', 'SQLite'])('a range of groups in %s', (engine) => {
  it.each(['numbers', 'bare'])('begins after its lower border and ends with its upper one, of %s', async (table) => {
    const keys = (range: GroupRange) => keysOf(databases.get(engine), table, range)
    expect(await keys({ after: undefined })).toEqual(NUMBERS)
    const borders = [undefined, '-6', '-5', '3', '5', '10', '9223372036854775806', undefined]
    const cut: string[] = []
    for (const [at, after] of borders.slice(0, -1).entries()) {
      const upTo = borders[at + 1]
      const some = await keys({ after, upTo })
      const within = (key: string): boolean =>
        (after === undefined || BigInt(key) > BigInt(after)) && (upTo === undefined || BigInt(key) <= BigInt(upTo))
      expect(some).toEqual(NUMBERS.filter(within))
      cut.push(...some)
    }
    expect(cut).toEqual(NUMBERS)
  })

  it('has all or nothing of a column that cannot hold its border', async () => {
    const keys = (range: GroupRange) => keysOf(databases.get(engine), 'numbers', range)
    const [low, high] = ['-18446744073709551615', '18446744073709551615']
    expect(await keys({ after: undefined, upTo: high })).toEqual(NUMBERS)
    expect(await keys({ after: low, upTo: undefined })).toEqual(NUMBERS)
    expect(await keys({ after: high })).toEqual([])
    expect(await keys({ after: undefined, upTo: low })).toEqual([])
    expect(await keys({ after: '4', upTo: high })).toEqual(['9', '10', '9223372036854775807'])
  })

  it('has its texts in the order of their bytes', async () => {
    const keys = (range: GroupRange) => keysOf(databases.get(engine), 'texts', range)
    expect(await keys({ after: undefined, upTo: 'a' })).toEqual(['', 'Z', 'a'])
    expect(await keys({ after: 'a', upTo: 'é' })).toEqual(['ab', 'é'])
    expect(await keys({ after: 'é', upTo: '\uffee' })).toEqual(['\uffee'])
    expect(await keys({ after: '\uffee' })).toEqual(['😀'])
    expect(await keys({ after: undefined, upTo: '' })).toEqual([''])
  })
})

describe('groups of a moment that somebody holds', () => {
  it('are those of that moment, and when it is over of another one, which is told', async () => {
    const database = databases.get('PostgreSQL')
    const held = await database?.holdSnapshot?.(never())
    if (held === undefined) throw new Error('PostgreSQL holds snapshots')
    let lost = 0
    const shared = { name: held.name, lost: () => void lost++ }
    await query(P.url, 'insert into numbers (k) values (6)')
    expect(await keysOf(database, 'numbers', { after: undefined, held: shared })).toEqual(NUMBERS)
    expect(lost).toBe(0)
    await held.close()
    expect(await keysOf(database, 'numbers', { after: '4', upTo: '9', held: shared })).toEqual(['6', '9'])
    expect(lost).toBe(1)
  })

  it.each(['MariaDB', 'SQLite'])('are of another moment in %s, which has none to share', async (engine) => {
    let lost = 0
    const shared = { name: '00000003-0000001B-1', lost: () => void lost++ }
    expect(await keysOf(databases.get(engine), 'numbers', { after: undefined, held: shared })).toEqual(NUMBERS)
    expect(lost).toBe(1)
  })
})
