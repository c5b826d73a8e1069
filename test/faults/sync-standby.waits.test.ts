import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { startFaultProxy } from '../support/fault-proxy.js'
import { plainClient, testDatabase } from '../support/postgres.js'
import { onBoth, query, startAfresh, value } from '../support/sql.js'
import { compared, lockstep, startSyncProcess } from '../support/sync-process.js'
import { startLoad } from './load.js'

const [a, b] = [testDatabase('a'), testDatabase('b')]
const sides = { a: a.url, b: b.url }
/** Each process logs in as a user of its own, so that the databases know who wrote what. */
const USERS = ['lease_one', 'lease_two'] as const
const [one, two] = USERS.map((user) => ({ a: a.urlOf({ user }), b: b.urlOf({ user }) }))

/** A busy machine takes its time. */
const LONG = { timeout: 240_000 }

/** Promised: from the moment the leader is gone until another has its lease, and everything it left open is ended. */
const TAKEOVER_MS = 15_000

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())
beforeEach(async () => {
  await startAfresh(sides, 'create table records (id uuid primary key, value text)')
  for (const user of USERS) {
    await onBoth(
      sides,
      `do $$ begin create role ${user} login superuser; exception when duplicate_object or unique_violation then null; end $$;
       alter role ${user} superuser`,
    )
  }
  // Of each statement that writes rows: who, in the same transaction.
  await onBoth(
    sides,
    `create table writers (name text);
     create function note() returns trigger language plpgsql as $$
       begin insert into writers select session_user; return null; end $$;
     create trigger noted after insert on records for each statement execute function note()`,
  )
})

function start(urls: typeof one, ...args: readonly string[]): RunningCli {
  if (urls === undefined) throw new Error('there are two users')
  return startSyncProcess(cli, urls, { args })
}

const writesBy = async (user: string): Promise<unknown[]> =>
  Promise.all([sides.a, sides.b].map((url) => value(url, `select count(*)::int from writers where name = '${user}'`)))

/** How often the process has told it. */
const times = ({ output }: RunningCli, event: string): number => output().split(`"event":"flow.${event}"`).length - 1

/** When it told so first. */
function timeOf({ output }: RunningCli, event: string): number {
  const line = output()
    .split('\n')
    .find((text) => text.includes(`"event":"flow.${event}"`))
  return Date.parse(z.object({ time: z.string() }).parse(JSON.parse(line ?? '{}')).time)
}

const comesTo = (run: RunningCli, event: string, count: number): Promise<void> =>
  expect.poll(() => times(run, event), { timeout: 60_000 }).toBeGreaterThanOrEqual(count)

test(
  'a leader that is killed, frozen or told to stop: the standby goes on, and who thaws writes nothing',
  LONG,
  async () => {
    await using load = await startLoad(sides, 2)
    const first = start(one, '--standby')
    await compared(first)
    const second = start(two, '--standby')
    await second.printed('flow.standby')
    const third = await start(one).ended
    expect(third, third.stdout).toMatchObject({ code: 4 })
    expect(third.stdout).toContain('--standby')

    // Killed.
    first.process.kill('SIGKILL')
    await second.printed('flow.took-over')
    await compared(second)
    await load.goesOn(50)
    expect(await value(sides.a, `select epoch::int from lockstep.leases`)).toBe(2)

    // Frozen.
    const next = start(one, '--standby')
    await next.printed('flow.standby')
    second.process.kill('SIGSTOP')
    const frozenAt = Date.now()
    await next.printed('flow.took-over')
    expect(timeOf(next, 'took-over') - frozenAt, 'takeover, in ms').toBeLessThan(TAKEOVER_MS)
    const written = await writesBy('lease_two')
    await compared(next)
    await load.goesOn(50)
    second.process.kill('SIGCONT')
    await second.printed('flow.standby')
    await load.goesOn(50)
    expect(await writesBy('lease_two')).toEqual(written)
    expect(await onBothFences()).toEqual([3, 3])
    const { stdout } = await lockstep(cli, sides, ['status', 'mirror', '--json']).ended
    expect(JSON.parse(stdout)).toMatchObject({ flows: [{ record: { state: 'running', lease: { epoch: 3 } } }] })

    // Told to stop.
    next.process.kill('SIGTERM')
    expect(await next.ended).toMatchObject({ code: 0 })
    await second.printed('flow.leading')
    await comesTo(second, 'same', 2)
    await load.goesOn(50)
    await load.settle()
    second.process.kill('SIGTERM')
    expect(await second.ended).toMatchObject({ code: 0 })
    const facts = await query<{ event: string }>(
      sides.a,
      `select event from lockstep.event_log where event = 'took-over'`,
    )
    expect(facts.length).toBeGreaterThan(0)
  },
)

test(
  'a leader that cannot renew its lease stops before another may take it, and goes on where it was when nobody did',
  LONG,
  async () => {
    await using load = await startLoad(sides, 2)
    await using proxy = await startFaultProxy(sides.a)
    const leader = startSyncProcess(cli, { a: proxy.url, b: sides.b }, { args: ['--standby'] })
    await compared(leader)
    await load.goesOn(50)
    await proxy.set({ kind: 'hold' })
    await leader.printed('lease-lapsed')
    await proxy.set({ kind: 'none' })
    await load.goesOn(50)
    await load.settle()
    expect([times(leader, 'leading'), await onBothFences()]).toEqual([1, [1, 1]])
    leader.process.kill('SIGTERM')
    expect(await leader.ended).toMatchObject({ code: 0 })
  },
)

const LEASES = 'lockstep.leases'

test(
  'over a slow link the leader keeps its lease; while nobody may, can or has room to write it, leader and standby wait, and one goes on after that',
  LONG,
  async () => {
    if (one === undefined) throw new Error('there are two users')
    await using load = await startLoad(sides, 2)
    await using proxy = await startFaultProxy(one.a)
    const runs = [start({ a: proxy.url, b: one.b }, '--standby')]
    await Promise.all(runs.map(compared))
    runs.push(start(two, '--standby'))
    await runs.at(-1)?.printed('flow.standby')
    const told = (text: string): number => runs.reduce((sum, { output }) => sum + output().split(text).length - 1, 0)
    const left = (): Promise<unknown> =>
      value(sides.a, `select extract(epoch from expires_at - clock_timestamp())::float8 from ${LEASES}`)

    await proxy.set({ kind: 'slow', latencyMs: 200, bytesPerSecond: 125_000 })
    for (let renewals = 0; renewals < 4; renewals++) {
      const renewal = await value(sides.a, `select expires_at::text from ${LEASES}`)
      await expect.poll(() => value(sides.a, `select expires_at::text from ${LEASES}`)).not.toBe(renewal)
    }
    expect([told('flow.leading'), told('lease-lapsed')]).toEqual([1, 0])
    await proxy.set({ kind: 'none' })

    const strike = async (begin: () => Promise<unknown>, end: () => Promise<unknown>): Promise<void> => {
      const lapses = told('lease-lapsed')
      await begin()
      await expect.poll(() => told('lease-lapsed')).toBeGreaterThan(lapses)
      await end()
      await expect.poll(left).toBeGreaterThan(0)
    }
    const users = USERS.join(', ')
    await query(
      sides.a,
      `grant usage on schema public, lockstep to ${users};
       grant all on all tables in schema public, lockstep to ${users}; revoke all on ${LEASES} from ${users}`,
    )
    await strike(
      // The standby has not had the lease yet.
      () => query(sides.a, USERS.map((user) => `alter role ${user} nosuperuser`).join(';')),
      () => query(sides.a, `grant all on ${LEASES} to ${users}`),
    )
    await using holder = await plainClient(sides.a)
    await strike(
      () => holder.query(`begin; select from ${LEASES} for update`),
      () => holder.query('commit'),
    )
    await query(
      sides.a,
      `create function full_disk() returns trigger language plpgsql as $$ begin
        raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
    )
    await strike(
      () => query(sides.a, `create trigger full_disk before update on ${LEASES} execute function full_disk()`),
      () => query(sides.a, 'drop function full_disk cascade'),
    )
    await load.settle()
    for (const { process } of runs) process.kill('SIGTERM')
    expect((await Promise.all(runs.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([0, 0])
  },
)

async function onBothFences(): Promise<unknown[]> {
  return Promise.all([sides.a, sides.b].map((url) => value(url, 'select epoch::int from lockstep.fences')))
}
