import { randomBytes } from 'node:crypto'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ColumnRef, Database, TableRef } from '../../../src/core/database.js'
import type { CheckReport, Flow, FlowContext } from '../../../src/core/flow.js'
import { check } from '../../../src/flows/check/check.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

const USER = `checker_${randomBytes(4).toString('hex')}`
const signal = AbortSignal.timeout(240_000)

interface Countable extends Database {
  table(
    name: string,
    options?: { readonly ignore?: readonly string[] },
  ): TableRef & {
    column(name: string): ColumnRef
  }
}

/** One server with two tables to compare, and numbers to recount. */
interface Subject {
  readonly name: string
  open(as: 'owner' | 'user'): Countable
  run(statements: readonly string[]): Promise<void>
}

const PG = testDatabase('a')
const MARIA = testMariadb()

const SUBJECTS: readonly Subject[] = [
  {
    name: 'PostgreSQL',
    open: (as) => postgres(as === 'owner' ? PG.url : PG.urlOf({ user: USER, password: 'c' })),
    async run(statements) {
      await using client = await plainClient(PG.url)
      for (const statement of statements) await client.query(statement)
    },
  },
  {
    name: 'MariaDB',
    open: (as) => mysql(as === 'owner' ? MARIA.url : MARIA.urlOf({ user: USER, password: 'c' })),
    async run(statements) {
      for (const statement of statements) await mariadbQuery(MARIA.url, statement)
    },
  },
]

const SETUP = [
  'create table ours (id int primary key, v varchar(20) not null, own int not null default 7)',
  'create table theirs (id int primary key, v varchar(20) not null, own int not null default 7)',
  `insert into ours values (1, 'a', 1), (2, 'b', 1), (3, 'c', 1), (4, 'd', 1)`,
  `insert into theirs values (1, 'a', 2), (2, 'x', 2), (9, 'z', 2)`,
  'create table blobs (id int primary key, n int not null, other int)',
  'create table refs (id int primary key, blob_id int)',
  'create index refs_of on refs (blob_id)',
  'insert into blobs values (1, 2, 5), (2, 0, 5)',
  'insert into refs values (1, 1), (2, 1), (3, 2)',
]

beforeAll(async () => {
  await SUBJECTS[0]?.run([
    `create role ${USER} login password 'c'`,
    'revoke all on schema public from public',
    ...SETUP,
  ])
  await SUBJECTS[1]?.run([`create user ${USER} identified by 'c'`, ...SETUP])
})
afterAll(async () => {
  await SUBJECTS[0]?.run([`drop owned by ${USER}`, `drop role ${USER}`])
  await SUBJECTS[1]?.run([`drop user ${USER}`])
})

function flows(database: Countable): { readonly same: Flow; readonly numbers: Flow } {
  const ignore = { ignore: ['own'] }
  return {
    same: check.tables({ left: database.table('ours', ignore), right: database.table('theirs', ignore), settleMs: 1 }),
    numbers: check.references({
      master: database.table('blobs').column('n'),
      references: [database.table('refs').column('blob_id')],
      settleMs: 1,
    }),
  }
}

async function run(subject: Subject, which: 'same' | 'numbers', repair = false): Promise<CheckReport> {
  await using database = subject.open('user')
  const context: FlowContext = {
    name: which,
    observer: () => {},
    drain: new AbortController().signal,
    abort: signal,
    untilCaughtUp: true,
  }
  const side = which === 'same' ? { side: 'right' as const } : {}
  const options = repair
    ? { repair: { mode: 'apply' as const, ...side, delete: true, maxRepairs: 100, confirm: async () => true } }
    : {}
  const report = await flows(database)[which].check?.(context, options)
  return report ?? expect.fail('nothing was compared')
}

async function grantsOf(subject: Subject, which: 'same' | 'numbers', repair = false): Promise<readonly string[]> {
  await using database = subject.open('owner')
  const side = which === 'same' ? { side: 'right' as const } : {}
  const options = repair ? { repair: { ...side, delete: true } } : {}
  const lists = await flows(database)[which].grants(USER, signal, options)
  return [...new Set(lists.flatMap(({ statements }) => statements))]
}

/** `GRANT INSERT (a, b), UPDATE (b) ON t TO u;` as one statement for each right, and its counterpart. */
function singleRights(statements: readonly string[]): { readonly grant: string; readonly revoke: string }[] {
  return statements.flatMap((statement) => {
    const [, rights = '', object = '', role = ''] = /^GRANT (.+) ON (.+) TO (.+);$/.exec(statement) ?? []
    return rights.split(/, (?=[A-Z])/).map((right) => ({
      grant: `GRANT ${right} ON ${object} TO ${role}`,
      revoke: `REVOKE ${right} ON ${object} FROM ${role}`,
    }))
  })
}

const WITHOUT = { name: 'ConfigError', fix: expect.stringMatching(/GRANT|grants/) }

describe.each(SUBJECTS)('what lockstep grants prints for checks on $name', (subject) => {
  it('is enough to compare tables and to recount numbers, and what is missing is named as a GRANT', async () => {
    for (const which of ['same', 'numbers'] as const) await expect(run(subject, which)).rejects.toMatchObject(WITHOUT)
    for (const which of ['same', 'numbers'] as const) {
      const statements = await grantsOf(subject, which)
      expect(statements.join('\n')).not.toMatch(/INSERT|UPDATE|DELETE/)
      await subject.run(statements)
      await subject.run(statements)
    }
    expect(await run(subject, 'same')).toMatchObject({
      verdict: 'different',
      missingRight: 2,
      missingLeft: 1,
      changed: 1,
    })
    expect(await run(subject, 'numbers')).toMatchObject({ verdict: 'different', mismatch: 1 })
    const database = subject.open('user')
    await using _ = database
    for (const flow of Object.values(flows(database)))
      expect((await flow.diagnose(signal)).filter(({ level }) => level === 'error')).toEqual([])
    const reading = (await Promise.all((['same', 'numbers'] as const).map((which) => grantsOf(subject, which)))).flat()
    for (const { grant, revoke } of singleRights([...new Set(reading)].filter((one) => one.includes('SELECT')))) {
      await subject.run([revoke])
      const results = await Promise.allSettled([run(subject, 'same'), run(subject, 'numbers')])
      const failed = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      expect(failed, revoke).toMatchObject([WITHOUT])
      await subject.run([grant])
    }
  })

  it('with --repair is enough to change the side that is named, or the stored number, and nothing else', async () => {
    for (const which of ['same', 'numbers'] as const) {
      await expect(run(subject, which, true)).rejects.toMatchObject({
        code: 'permission-denied',
        fix: expect.stringMatching(/^GRANT (DELETE|INSERT|UPDATE)/),
      })
      const reading = await grantsOf(subject, which)
      const more = (await grantsOf(subject, which, true)).filter((statement) => !reading.includes(statement))
      expect(more).toHaveLength(1)
      expect(more.join()).toMatch(
        which === 'same'
          ? /DELETE, INSERT \(.id., .v.\), UPDATE \(.v.\) ON .*theirs/
          : /^GRANT UPDATE \(.n.\) ON .*blobs/,
      )
      await subject.run(more)
      for (const { grant, revoke } of singleRights(more)) {
        await subject.run([revoke])
        await expect(run(subject, which, true), revoke).rejects.toMatchObject({ code: 'permission-denied' })
        await subject.run([grant])
      }
      expect(await run(subject, which, true)).toMatchObject({ verdict: 'same', repair: { applied: true } })
    }
  })

  it('asks which side is to be changed', async () => {
    await using database = subject.open('owner')
    await expect(flows(database).same.grants(USER, signal, { repair: { delete: false } })).rejects.toMatchObject({
      code: 'repair-side',
    })
  })
})
