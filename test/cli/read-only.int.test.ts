import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { plainClient, testDatabase } from '../support/postgres.js'

const CONFIG = fileURLToPath(new URL('read-only', import.meta.url))
const READER = 'only_reader'

describe('flows that only read', () => {
  const [pg, state, my] = [testDatabase('a'), testDatabase('b'), testMariadb()]
  let cli: BuiltCli
  let folder = ''

  beforeAll(async () => {
    cli = await builtCli()
    folder = await mkdtemp(join(tmpdir(), 'lockstep-read-only-'))
    await using client = await plainClient(pg.url)
    await client.query(`
      create table records (id bigint primary key, value text);
      create table messages (id bigint primary key, blob bigint);
      insert into records select n, 'v' || n from generate_series(1, 100) n;
      insert into messages select n, n % 10 + 1 from generate_series(1, 100) n;
      drop role if exists ${READER}; create role ${READER} login password 'x';
      grant select on records, messages to ${READER}`)
    await mariadbQuery(
      my.url,
      `create table records (id bigint primary key, value text);
       create table blobs (id bigint primary key, refs bigint not null);
       insert into records select seq, concat('v', seq) from seq_1_to_100;
       insert into blobs select seq, 10 from seq_1_to_10;
       create or replace user ${READER} identified by 'x'; grant select on ${my.name}.* to ${READER}`,
    )
  })
  afterAll(async () => {
    await cli[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
    await mariadbQuery(my.url, `drop user ${READER}`)
    await using client = await plainClient(pg.url)
    await client.query(`drop owned by ${READER}; drop role ${READER}`)
  })

  const lockstep = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    cli.start(args, {
      cwd: CONFIG,
      env: { PG_URL: pg.url, MY_URL: my.url, FEED_FOLDER: folder, ...env },
    }).ended

  const ownThings = async (url: string): Promise<readonly unknown[]> => {
    await using client = await plainClient(url)
    return (await client.query(`select nspname from pg_namespace where nspname = 'lockstep'`)).rows
  }
  const written = async () => [
    ...(await ownThings(pg.url)),
    ...(await mariadbQuery(my.url, `show tables like 'lockstep%'`)),
  ]

  it('write nothing anywhere without a state, though they may, and status says that nothing is kept', async () => {
    const ran = await lockstep(['run'])
    expect(ran, ran.stdout + ran.stderr).toMatchObject({ code: 0 })
    expect(await written()).toEqual([])
    const status = await lockstep(['status'])
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/same +not kept/) })
    expect(status.stdout).toContain('this one has none')
    expect(await written()).toEqual([])
  })

  it('run as users that may read and nothing else', async () => {
    const users = {
      PG_URL: pg.urlOf({ user: READER, password: 'x' }),
      MY_URL: my.urlOf({ user: READER, password: 'x' }),
    }
    const ran = await lockstep(['run'], users)
    expect(ran, ran.stdout + ran.stderr).toMatchObject({ code: 0 })
    expect(ran.stdout).not.toMatch(/permission|denied/)
  })

  it('with a state: how they stand is kept there, and nothing in what they read', async () => {
    const env = { STATE_URL: state.url }
    expect(await lockstep(['run'], env)).toMatchObject({ code: 0 })
    expect(await written()).toEqual([])
    expect(await ownThings(state.url)).toHaveLength(1)
    const status = await lockstep(['status', '--json'], env)
    const flow = (name: string) => expect.objectContaining({ flow: name, kept: true, database: expect.any(String) })
    expect(JSON.parse(status.stdout).flows).toEqual([flow('same'), flow('blobs'), flow('published')])
    const history = JSON.parse((await lockstep(['check', 'history', '--json'], env)).stdout)
    const kept = expect.objectContaining({ state: 'finished', report: expect.objectContaining({ verdict: 'same' }) })
    expect(history.runs).toEqual([kept, kept])
  })

  it('with a state: the rights on it that grants prints are enough for the history', async () => {
    const role = `few_${state.url.slice(-8)}`
    await using client = await plainClient(state.url)
    await client.query(`drop schema if exists lockstep cascade; create role ${role} login password 'x'`)
    const env = { STATE_URL: state.urlOf({ user: role, password: 'x' }) }
    const ill = await lockstep(['doctor', 'same'], env)
    expect(ill).toMatchObject({ code: 2, stdout: expect.stringContaining(`role "${role}" may not create them`) })
    const { stdout } = await lockstep(['grants', 'same', '--role', role], { STATE_URL: state.url })
    expect(stdout).toContain('check_findings')
    await client.query(stdout.slice(stdout.indexOf('CREATE SCHEMA')))
    const well = await lockstep(['doctor', 'same'], env)
    expect(well).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('the state tables in schema lockstep are ready'),
    })
    const ran = await lockstep(['check', 'same'], env)
    expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse((await lockstep(['check', 'history', '--json'], env)).stdout).runs).toHaveLength(1)
    await client.query(`drop owned by ${role}; drop role ${role}`)
  })
})
