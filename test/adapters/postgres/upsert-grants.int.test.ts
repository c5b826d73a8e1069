import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { batch, context, FLOW } from '../../contracts/upsert-subject.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

const ROLE = `upserter_${randomUUID().slice(0, 8)}`
const { signal } = new AbortController()
const database = testDatabase()

const SETUP = `
  create schema "App";
  create schema "Types";
  create type "Types".mood as enum ('sad', 'ok');
  create table "App".parents (id int primary key, n serial, mood "Types".mood);
  create table "App".children (id int primary key, parent int references "App".parents, version int);
  revoke all on schema public from public`

const NAMES = ['App.parents', 'App.children']

async function grants(): Promise<readonly string[]> {
  await using owner = postgres(database.url)
  const lists = await Promise.all(NAMES.map((name) => owner.table(name).grants('upsert', ROLE, signal)))
  return lists.flatMap(({ statements }) => statements)
}

describe('a role with the rights of an upsert and no other', () => {
  beforeAll(async () => {
    await using client = await plainClient(database.url)
    await client.query(SETUP)
    await client.query(`revoke all on database ${database.name} from public`)
    await client.query(`create role ${ROLE} login`)
  })
  afterAll(async () => {
    await using client = await plainClient(database.url)
    await client.query(`drop owned by ${ROLE}`)
    await client.query(`drop role ${ROLE}`)
  })

  it('is told what it lacks before it has them', async () => {
    await using client = await plainClient(database.url)
    await client.query(`grant connect on database ${database.name} to ${ROLE}; grant usage on schema "App" to ${ROLE}`)
    await using handle = postgres(database.urlOf({ user: ROLE }))
    const found = await handle.table('App.parents').diagnose('upsert', signal)
    expect(found.filter(({ level }) => level === 'error').map(({ fix }) => fix)).toEqual([
      expect.stringContaining('lockstep grants'),
      `GRANT SELECT, INSERT, UPDATE ON TABLE "App"."parents" TO "${ROLE}";`,
      `GRANT USAGE ON SCHEMA "Types" TO "${ROLE}";`,
    ])
    expect(found.filter(({ level }) => level === 'warn').map(({ fix }) => fix)).toContain(
      `GRANT USAGE ON SEQUENCE "App".parents_n_seq TO "${ROLE}";`,
    )
  })

  it('can open, write, probe and save positions with exactly these', async () => {
    await using client = await plainClient(database.url)
    for (const statement of await grants()) await client.query(statement)
    await using handle = postgres(database.urlOf({ user: ROLE }))
    const found = await Promise.all(NAMES.map((name) => handle.table(name).diagnose('upsert', signal)))
    expect(found.flat().filter(({ level }) => level === 'error')).toEqual([])
    await handle.state.prepare(signal)
    const tables = [handle.table('App.children', { version: 'version' }), handle.table('App.parents')]
    await using sink = await handle.upserts(tables, { flow: FLOW }, signal)
    const items = [{ rows: [[{ id: 1, parent: 1, version: 1 }], [{ id: 1, mood: 'ok' }]] }]
    await sink.probe(items, context())
    await sink.write(batch(items, 'p1'), context())
    await sink.write(batch(items, 'p2'), context({ expected: 'p1' }))
    expect(await sink.checkpoints.load(FLOW)).toEqual(new Map([['a', 'p2']]))
    const { rows } = await client.query(
      'select parent, mood from "App".children c join "App".parents p on p.id = c.parent',
    )
    expect(rows).toEqual([{ parent: 1, mood: 'ok' }])
  })
})
