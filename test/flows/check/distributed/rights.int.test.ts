import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { graphileQueue } from '../../../../src/adapters/graphile/queue.js'
import type { Diagnosis } from '../../../../src/core/diagnosis.js'
import { Secret } from '../../../../src/core/secret.js'
import { type BuiltCli, builtCli } from '../../../support/built-cli.js'
import { plainClient, testDatabase } from '../../../support/postgres.js'

const CONFIG = fileURLToPath(new URL('lockstep.config.ts', import.meta.url))
const mark = randomBytes(4).toString('hex')
/** Names that must be quoted. `first` makes the library's tables; `worker` gets what is not for coordinators alone. */
const ROLES = { first: `First "App" ${mark}`, coordinator: `Coordinator ${mark}`, worker: `Worker ${mark}` } as const
const quoted = (role: string): string => `"${role.replaceAll('"', '""')}"`

const Printed = z.object({
  databases: z.array(z.object({ database: z.string(), statements: z.array(z.string()) })),
})

const left = testDatabase('b')
const right = testDatabase('b')
const queue = testDatabase('a')
const as = (role: string): string => queue.urlOf({ user: role })
const signal = AbortSignal.timeout(240_000)

let cli: BuiltCli

beforeAll(async () => {
  cli = await builtCli()
  for (const { url } of [left, right]) {
    await using client = await plainClient(url)
    await client.query('create table orders (id bigint primary key, note text)')
    await client.query(`insert into orders select n, 'note ' || n from generate_series(1, 2000) n`)
  }
  await using admin = await plainClient(queue.url)
  for (const role of Object.values(ROLES)) await admin.query(`create role ${quoted(role)} login`)
  await admin.query(`revoke all on database ${queue.name} from public`)
  await admin.query('revoke all on schema public from public')
})

afterAll(async () => {
  await cli[Symbol.asyncDispose]()
  await using admin = await plainClient(queue.url)
  for (const role of Object.values(ROLES)) await admin.query(`drop owned by ${quoted(role)}; drop role ${quoted(role)}`)
})

const env = (role?: string) => ({
  LEFT_URL: left.url,
  RIGHT_URL: right.url,
  QUEUE_URL: role === undefined ? queue.url : as(role),
  RANGES: '3',
})

const lockstep = (args: readonly string[], role?: string) =>
  cli.start([...args, '--config', CONFIG], { env: env(role) }).ended

async function statementsFor(role: string): Promise<readonly string[]> {
  await using handle = graphileQueue(new Secret(queue.url))
  return (await handle.grants(role, signal)).statements
}

async function asOwner(statements: readonly string[]): Promise<void> {
  await using admin = await plainClient(queue.url)
  for (const statement of statements) await admin.query(statement)
}

async function diagnosed(role: string): Promise<readonly Diagnosis[]> {
  await using handle = graphileQueue(new Secret(as(role)))
  return await handle.diagnose(signal)
}

const levels = (found: readonly Diagnosis[]): ReadonlySet<string> => new Set(found.map(({ level }) => level))

/** A check by a coordinator and a worker, each with its own role on the queue. */
async function checked(coordinator: string, worker: string): Promise<void> {
  let ended: Awaited<ReturnType<typeof lockstep>> | undefined
  const check = lockstep(['check', 'same', '--json'], coordinator)
  void check.then((end) => {
    ended = end
  })
  await using admin = await plainClient(queue.url)
  const waiting = async (): Promise<unknown> => {
    const there = await admin.query(`select to_regclass('lockstep_queue.ranges') is not null as there`)
    return (
      there.rows[0]?.there && (await admin.query('select count(*)::int as n from lockstep_queue.ranges')).rows[0]?.n
    )
  }
  const isShared = async (): Promise<boolean> => ended !== undefined || (await waiting()) === 3
  await expect.poll(isShared, { timeout: 60_000 }).toBe(true)
  const worked = await lockstep(['worker', '--once'], worker)
  expect(worked, worked.stdout + worked.stderr).toMatchObject({ code: 0 })
  expect(worked.stdout).not.toContain('queue.unavailable')
  const { code, stdout, stderr } = await check
  expect(code, stdout + stderr).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ verdict: 'same', distributed: { ranges: 3, workers: 1 } })
  expect(await waiting()).toBe(0)
}

describe('the rights on a queue', () => {
  it('are those that grants prints before there is one: the role makes it, without a right to create schemas', async () => {
    expect(await diagnosed(ROLES.first)).toMatchObject([
      { level: 'error', message: expect.stringContaining('permission denied') },
    ])
    const printed = await lockstep(['grants', 'same', '--json', '--role', ROLES.first])
    expect(printed, printed.stderr).toMatchObject({ code: 0 })
    const { databases } = Printed.parse(JSON.parse(printed.stdout))
    await asOwner(databases.find(({ database }) => database.endsWith(`/${queue.name}`))?.statements ?? [])
    expect(levels(await diagnosed(ROLES.first))).toEqual(new Set(['ok']))
    await checked(ROLES.first, ROLES.first)
    const doctor = await lockstep(['doctor', 'same'], ROLES.first)
    expect(doctor, doctor.stdout).toMatchObject({ code: 0 })
    expect(doctor.stdout).toContain('the queue in schema graphile_worker is ready')
    expect(await statementsFor(ROLES.first)).not.toContainEqual(expect.stringContaining('POLICY'))
  })

  it('are fewer for a worker than for a coordinator, where the tables are those of another role', async () => {
    await asOwner([`grant connect on database ${queue.name} to ${quoted(ROLES.coordinator)}`])
    const before = await diagnosed(ROLES.coordinator)
    expect(before.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /schema lockstep_queue: no SELECT, UPDATE on runs, .* and no SELECT, INSERT, DELETE on found/,
      ),
      expect.stringMatching(
        /schema graphile_worker: no SELECT on migrations, no SELECT, UPDATE, DELETE on _private_jobs/,
      ),
    ])
    const coordinator = await statementsFor(ROLES.coordinator)
    await asOwner([...coordinator, ...coordinator])
    await asOwner(forWorkers(await statementsFor(ROLES.worker)))
    expect(levels(await diagnosed(ROLES.coordinator))).toEqual(new Set(['ok']))
    expect((await diagnosed(ROLES.worker)).filter(({ level }) => level !== 'ok')).toMatchObject([
      { level: 'warn', message: expect.stringContaining('lockstep_queue, but be no coordinator') },
      { level: 'warn', message: expect.stringContaining('graphile_worker, but be no coordinator') },
    ])
    await checked(ROLES.coordinator, ROLES.worker)
    // What a queue does beside when something goes wrong.
    const rare = ['force_unlock_workers(array[$$x$$])', 'complete_jobs(array[1])', 'reschedule_jobs(array[1])']
    for (const role of [ROLES.coordinator, ROLES.worker]) {
      await using client = await plainClient(as(role))
      for (const call of rare) await client.query(`select graphile_worker.${call}`)
    }
  })

  it('are all missed by doctor, each by itself', async () => {
    const statements = await statementsFor(ROLES.coordinator)
    const rights = statements.flatMap((statement) => {
      const [, words = '', on = ''] = /^GRANT (.+) ON (TABLE|SCHEMA .+|TABLE .+) TO /.exec(statement) ?? []
      return words === '' ? [] : words.split(', ').map((word) => `${word} on ${on}`)
    })
    expect(rights.length).toBeGreaterThan(15)
    await using admin = await plainClient(queue.url)
    await using handle = graphileQueue(new Secret(as(ROLES.coordinator)))
    for (const right of rights) {
      await admin.query(`revoke ${right} from ${quoted(ROLES.coordinator)}`)
      expect({ right, levels: levels(await handle.diagnose(signal)) }).not.toEqual({ right, levels: new Set(['ok']) })
      await admin.query(`grant ${right} to ${quoted(ROLES.coordinator)}`)
    }
    for (const policy of statements.filter((statement) => statement.startsWith('DROP POLICY'))) {
      await admin.query(policy)
      const [, table = ''] = /_worker\.(\w+);/.exec(policy) ?? []
      const found = await handle.diagnose(signal)
      expect(found.map(({ message }) => message).join()).toContain(`the rows of ${table} are hidden from it`)
    }
    expect(levels(await handle.diagnose(signal))).toEqual(new Set(['ok', 'error']))
  })
})

/** Those of each schema up to the remark that the rest is for coordinators. */
function forWorkers(statements: readonly string[]): readonly string[] {
  let mine = true
  return statements.filter((statement) => {
    if (statement.startsWith('--')) mine = false
    else if (!statement.startsWith('GRANT') || / ON (SCHEMA|DATABASE) /.test(statement)) mine = true
    return mine
  })
}
