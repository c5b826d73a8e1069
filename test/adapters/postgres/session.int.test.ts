import { sql } from 'drizzle-orm'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { LockstepError } from '../../../src/core/errors.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

const database = testDatabase()

beforeAll(async () => {
  await using client = await plainClient(database.url)
  await client.query('CREATE TABLE note (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)')
})

beforeEach(async () => {
  await using client = await plainClient(database.url)
  await client.query('TRUNCATE note')
})

const notes = async (): Promise<unknown> => {
  await using client = await plainClient(database.url)
  return (await client.query('SELECT array_agg(id ORDER BY id) AS ids FROM note')).rows[0].ids
}

const backendsNamed = async (name: string): Promise<number> => {
  await using client = await plainClient(database.url)
  const query = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1 AND application_name = $2'
  return (await client.query(query, [database.name, name])).rows[0].n
}

const pid = sql`select pg_backend_pid() as pid`

describe('a session', () => {
  it('is set so that the text of values is exact', async () => {
    await using handle = postgres(database.url, { statementMs: 4_000, lockMs: 3_000, idleTransactionMs: 2_000 })
    const names = ['TimeZone', 'DateStyle', 'IntervalStyle', 'bytea_output', 'extra_float_digits', 'client_encoding']
    const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'application_name']
    const columns = [...names, ...limits].map((name) => sql`current_setting(${name})`)
    const [row] = await handle.session.execute(
      sql`select array_to_string(array[${sql.join(columns, sql`,`)}], '|') as all`,
    )
    expect(row).toEqual({ all: 'UTC|ISO, YMD|postgres|hex|1|UTF8|4s|3s|2s|lockstep' })
  })

  it('opens no more connections than allowed, and serves all who wait', async () => {
    await using handle = postgres(database.url, { maxConnections: 3 })
    const ask = () => handle.session.execute(sql`select pg_backend_pid() as pid from pg_sleep(0.01)`)
    const answers = await Promise.all(Array.from({ length: 30 }, ask))
    expect(new Set(answers.flat().map((row) => row['pid'])).size).toBe(3)
  })

  it('a caller who waits in vain for a connection is told so', async () => {
    await using handle = postgres(database.url, { maxConnections: 1, connectMs: 400, statementMs: 100 })
    await handle.session.transaction(async () => {
      const waiting = handle.session.execute(pid)
      await expect(waiting).rejects.toMatchObject({ code: 'pool-exhausted', name: 'UnavailableError' })
      const aborted = handle.session.execute(pid, { signal: AbortSignal.timeout(20) })
      await expect(aborted).rejects.toMatchObject({ code: 'aborted', cause: expect.anything() })
    })
    expect(await handle.session.execute(pid)).toHaveLength(1)
  })

  it('a deadline that passes cuts the connection, which is not used again', async () => {
    await using handle = postgres(database.url, { maxConnections: 1 })
    const [before] = await handle.session.execute(pid)
    const late = handle.session.execute(sql`select pg_sleep(30)`, { deadlineMs: 100, what: 'sleeping' })
    await expect(late).rejects.toMatchObject({
      code: 'deadline-passed',
      message: expect.stringMatching(/127\.0\.0\.1.*sleeping.*100 ms/),
    })
    const [after] = await handle.session.execute(pid)
    expect(after).not.toEqual(before)
  })

  it('an abort cuts the connection, and its statement ends on the server too', async () => {
    await using handle = postgres(database.url)
    await using connection = handle.connect('sleeper')
    const abort = new AbortController()
    const sleeping = connection.execute(sql`select pg_sleep(30)`, { signal: abort.signal })
    await expect.poll(() => backendsNamed('lockstep sleeper')).toBe(1)
    abort.abort()
    await expect(sleeping).rejects.toMatchObject({ code: 'aborted' })
    await expect.poll(() => backendsNamed('lockstep sleeper'), { timeout: 20_000 }).toBe(0)
  })

  it('a longer deadline raises the statement timeout of the server', async () => {
    await using handle = postgres(database.url, { statementMs: 100, maxConnections: 1 })
    const sleep = sql`select pg_sleep(0.3)`
    await expect(handle.session.execute(sleep)).rejects.toMatchObject({ code: 'statement-timeout' })
    await expect(handle.session.execute(sleep, { deadlineMs: 5_000 })).resolves.toHaveLength(1)
  })

  it('nothing works after dispose, and what is under way ends', async () => {
    await using handle = postgres(database.url)
    const sleeping = handle.session.execute(sql`select pg_sleep(30)`)
    const ended = expect(sleeping).rejects.toMatchObject({ code: expect.stringMatching(/closed|aborted/) })
    await expect.poll(() => backendsNamed('lockstep')).toBe(1)
    await handle[Symbol.asyncDispose]()
    await ended
    const late: unknown = await handle.session.execute(pid).catch((error: unknown) => error)
    expect(late).toMatchObject({ code: 'closed' })
    // Waiting would not help: nobody may try again.
    expect(late).not.toBeInstanceOf(LockstepError)
    await expect(handle.connect('late').execute(pid)).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('a connection of its own', () => {
  it('opens on first use, and again after it was terminated', async () => {
    await using handle = postgres(database.url)
    await using connection = handle.connect('loop')
    expect([connection.generation, await backendsNamed('lockstep loop')]).toEqual([0, 0])
    const [first] = await connection.execute(pid)
    expect(connection.generation).toBe(1)
    await using killer = await plainClient(database.url)
    await killer.query('SELECT pg_terminate_backend($1)', [first?.['pid']])
    await expect.poll(() => backendsNamed('lockstep loop')).toBe(0)
    // The loss may be noticed by the statement itself.
    await connection.execute(pid).catch(() => {})
    const [second] = await connection.execute(pid)
    expect(second).not.toEqual(first)
    expect(connection.generation).toBe(2)
  })

  it('a statement whose connection is terminated is unavailable', async () => {
    await using handle = postgres(database.url)
    await using connection = handle.connect('victim')
    const sleeping = connection.execute(sql`select pg_sleep(30)`)
    const failed = expect(sleeping).rejects.toMatchObject({ code: 'server-shutdown', name: 'UnavailableError' })
    await using killer = await plainClient(database.url)
    const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity 
      WHERE application_name = 'lockstep victim' AND wait_event = 'PgSleep'`
    await expect.poll(async () => (await killer.query(kill)).rowCount).toBe(1)
    await failed
    expect(await connection.execute(pid)).toHaveLength(1)
  })
})

describe('a transaction', () => {
  it('commits, or undoes everything when the work throws', async () => {
    await using handle = postgres(database.url, { maxConnections: 1 })
    const done = await handle.session.transaction(async (transaction) => {
      await transaction.execute(sql`insert into note values (1)`)
      return 'done'
    })
    const failed = handle.session.transaction(async (transaction) => {
      await transaction.execute(sql`insert into note values (2)`)
      throw new RangeError('mine')
    })
    await expect(failed).rejects.toBeInstanceOf(RangeError)
    expect([done, await notes()]).toEqual(['done', [1]])
  })

  it('within another is a savepoint', async () => {
    await using handle = postgres(database.url)
    await handle.session.transaction(async (outer) => {
      await outer.execute(sql`insert into note values (1)`)
      const inner = outer.transaction(async (transaction) => {
        await transaction.execute(sql`insert into note values (2)`)
        await transaction.transaction((third) => third.execute(sql`select 1 / 0`))
      })
      await expect(inner).rejects.toMatchObject({ name: 'DataError' })
      await outer.transaction((transaction) => transaction.execute(sql`insert into note values (3)`))
    })
    expect(await notes()).toEqual([1, 3])
  })

  it('that is refused at COMMIT leaves a clean connection', async () => {
    await using handle = postgres(database.url, { maxConnections: 1 })
    const [before] = await handle.session.execute(pid)
    const twice = handle.session.transaction((transaction) =>
      transaction.execute(sql`insert into note values (4), (4)`),
    )
    await expect(twice).rejects.toMatchObject({ code: 'unique-violation', name: 'DataError' })
    expect(await handle.session.execute(pid)).toEqual([before])
    expect(await notes()).toBeNull()
  })

  it('that was aborted before COMMIT is undone, and nobody gets its connection in the middle of it', async () => {
    await using handle = postgres(database.url, { maxConnections: 1 })
    const abort = new AbortController()
    const work = handle.session.transaction(
      async (transaction) => {
        await transaction.execute(sql`insert into note values (5)`)
        abort.abort()
      },
      { signal: abort.signal },
    )
    await expect(work).rejects.toMatchObject({ code: 'aborted' })
    const [row] = await handle.session.execute(sql`select now() = statement_timestamp() as own`)
    expect([row, await notes()]).toEqual([{ own: true }, null])
  })

  it('whose failed statement was ignored does not count as committed', async () => {
    await using handle = postgres(database.url)
    const work = handle.session.transaction(async (transaction) => {
      await transaction.execute(sql`insert into note values (6)`)
      await transaction.execute(sql`select 1 / 0`).catch(() => {})
    })
    await expect(work).rejects.toThrow(/answered with ROLLBACK/)
    expect(await notes()).toBeNull()
  })

  it('takes no statement after its end', async () => {
    await using handle = postgres(database.url)
    const escaped = await handle.session.transaction(async (transaction) => ({ transaction }))
    await expect(escaped.transaction.execute(pid)).rejects.toThrow(/after the end/)
  })

  it('has the isolation and the mode that was asked for', async () => {
    await using handle = postgres(database.url)
    const ask = sql`select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as mode`
    const options = { isolation: 'repeatable read', readOnly: true } as const
    const rows = await handle.session.transaction((transaction) => transaction.execute(ask), options)
    expect(rows).toEqual([{ level: 'repeatable read', mode: 'on' }])
  })
})
