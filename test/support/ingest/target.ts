import { expect, vi } from 'vitest'
import { mariadbQuery } from '../mariadb.js'
import { query } from '../sql.js'
import { FLOW } from './ingest-process.js'
import type { Expected, Published } from './published.js'
import type { TargetSetup } from './setup.js'

export interface Letter {
  readonly id: string
  readonly state: string
  readonly stage: string
  readonly attempts: number
}

/** The database that a flow writes to, looked at by a bare client. */
export interface Target {
  readonly setup: TargetSetup
  /** Nothing is left of an earlier test. */
  reset(): Promise<void>
  rows(): Promise<readonly Expected[]>
  /** How often each message was written to `effects` by a transaction that was committed, by its id. */
  effects(): Promise<ReadonlyMap<string, number>>
  letters(): Promise<readonly Letter[]>
}

/** @param id the type of message ids. */
const tables = (id: string) => `
  create table sensors (sensor bigint primary key);
  create table readings (sensor bigint primary key, version bigint not null, value varchar(200) not null,
    constraint allowed check (value <> 'refused'));
  create table effects (id ${id} primary key, sensor bigint);
  create table audit (id ${id});`

export function postgresTarget(url: string): Target {
  return {
    setup: { engine: 'postgres', url },
    async reset() {
      await query(url, 'drop schema if exists lockstep cascade; drop schema public cascade; create schema public')
      await query(url, tables('text'))
      await query(
        url,
        `create function audited() returns trigger language plpgsql as $$
           begin insert into audit values (new.id); return new; end $$;
         create trigger audited before insert on effects for each row execute function audited()`,
      )
    },
    rows: async () => expectedRows(await query(url, ROWS)),
    effects: async () => counted(await query(url, EFFECTS)),
    letters: async () => lettersOf(await query(url, lettersSql('lockstep.dead_letters'))),
  }
}

export function mariadbTarget(url: string): Target {
  const names = [
    'effects',
    'audit',
    'readings',
    'sensors',
    'lockstep_checkpoints',
    'lockstep_dead_letters',
    'lockstep_leases',
    'lockstep_fences',
  ]
  return {
    setup: { engine: 'mysql', url },
    async reset() {
      await mariadbQuery(url, names.map((name) => `drop table if exists ${name}`).join(';'))
      await mariadbQuery(url, tables('varchar(200) collate utf8mb4_bin'))
      await mariadbQuery(
        url,
        'create trigger audited before insert on effects for each row insert into audit values (new.id)',
      )
    },
    rows: async () => expectedRows(await mariadbQuery(url, ROWS)),
    effects: async () => counted(await mariadbQuery(url, EFFECTS)),
    letters: async () => lettersOf(await mariadbQuery(url, lettersSql('lockstep_dead_letters'))),
  }
}

export interface Came {
  /** The source's positions are in the target's transactions, so no message may have had its effect twice. */
  readonly once: boolean
  /** Default all that is poison. */
  readonly letters?: ReadonlySet<string>
}

/** The tables are the fold of what was published, and the letters are the poison and nothing else. */
export async function expectFold(target: Target, published: Published, { once, letters }: Came): Promise<void> {
  const told = `seed ${published.seed}`
  expect(await target.rows(), told).toEqual(published.rows)
  const kept = (await target.letters()).map(({ id }) => id)
  expect(kept.toSorted(), told).toEqual([...(letters ?? published.poison)].toSorted())
  const effects = await target.effects()
  expect([...effects.keys()].toSorted(), told).toEqual([...published.sound].toSorted())
  const twice = [...effects].filter(([, count]) => count > 1)
  if (once) expect(twice, told).toEqual([])
}

/** Resolves once all that was published has come to an end, as a row or as a letter. */
export async function settled(target: Target, published: Published, timeout = 60_000): Promise<void> {
  const all = published.sound.size + published.poison.size
  const came = async () => (await target.effects()).size + (await target.letters()).length
  await vi.waitFor(async () => expect(await came(), `seed ${published.seed}`).toBe(all), { timeout, interval: 100 })
}

/** Resolves once more messages have had an effect than `before`. */
export async function goesOn(target: Target, before: number, timeout = 20_000): Promise<void> {
  await vi.waitFor(async () => expect((await target.effects()).size).toBeGreaterThan(before), { timeout, interval: 10 })
}

const ROWS = 'select sensor, version, value from readings order by sensor'
const EFFECTS = 'select id, count(*) as times from audit group by id'
const lettersSql = (table: string) =>
  `select item_key as id, state, stage, attempts from ${table} where flow = '${FLOW}'`

function expectedRows(rows: readonly object[]): readonly Expected[] {
  return rows.map((row) => ({ sensor: num(row, 'sensor'), version: num(row, 'version'), value: text(row, 'value') }))
}

function counted(rows: readonly object[]): ReadonlyMap<string, number> {
  return new Map(rows.map((row) => [text(row, 'id'), num(row, 'times')]))
}

function lettersOf(rows: readonly object[]): readonly Letter[] {
  return rows.map((row) => ({
    id: text(row, 'id'),
    state: text(row, 'state'),
    stage: text(row, 'stage'),
    attempts: num(row, 'attempts'),
  }))
}

function text(row: object, column: string): string {
  return String(Reflect.get(row, column))
}

function num(row: object, column: string): number {
  return Number(Reflect.get(row, column))
}
