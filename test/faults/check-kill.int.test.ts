import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli, type Ended } from '../support/built-cli.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'

const CONFIG = fileURLToPath(new URL('../support/check/lockstep.config.ts', import.meta.url))
const MAIN = testDatabase('a')
const STATE = testDatabase('b')
const OTHER = testMariadb()
const BLOBS = 30_000
const ORDERS = 20_000

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
  await query(
    MAIN.url,
    `create table blobs (id bigint primary key, n int not null);
     insert into blobs select id, 2 + (id % 1000 = 0)::int from generate_series(1, ${BLOBS}) id;
     create table sent (id int primary key, b bigint); insert into sent select id, id from generate_series(1, ${BLOBS}) id;
     create index on sent (b); analyze;
     create table orders (id int primary key, v text); insert into orders select id, 'v' || id % 13 from generate_series(1, ${ORDERS}) id;
     delete from orders where id % 100 = 0`,
  )
  await mariadbQuery(
    OTHER.url,
    `create table received (id int primary key auto_increment, b bigint, index (b));
     insert into received (b) select seq from seq_1_to_${BLOBS};
     insert into received (b) select ${BLOBS} + seq from seq_1_to_40;
     create table orders (id int primary key, v varchar(20)); insert into orders select seq, concat('v', seq % 13) from seq_1_to_${ORDERS};
     update orders set v = 'other' where id % 90 = 0;
     delete from orders where id % 77 = 0;`,
  )
})
afterAll(() => cli[Symbol.asyncDispose]())

async function run(flow: string, args: readonly string[], failpoint?: string): Promise<Ended> {
  const env = { MAIN_URL: MAIN.url, OTHER_URL: OTHER.url, STATE_URL: STATE.url }
  const armed = failpoint === undefined ? {} : { LOCKSTEP_FAILPOINT: failpoint }
  return cli.start(['check', flow, '--json', ...args, '--config', CONFIG], { env: { ...env, ...armed } }).ended
}

/** What must not hang on being killed. */
function countsOf({ code, stdout }: Ended, names: readonly string[]): unknown {
  const report: Readonly<Record<string, unknown>> = JSON.parse(stdout)
  return { code, ...Object.fromEntries(names.map((name) => [name, report[name]])) }
}

const REFERENCES = ['verdict', 'master', 'references', 'total', 'mismatch', 'unreferenced', 'orphan', 'unstable']
const TABLES = ['verdict', 'rows', 'missingLeft', 'missingRight', 'changed', 'unstable']

describe.each([
  ['references', 'blobs', REFERENCES],
  ['tables of two engines', 'same', TABLES],
])('a check of %s that is killed', (_, flow, names) => {
  it('comes to the same verdict and counts when it is resumed', async () => {
    const whole = await run(flow, [])
    expect(whole.code, whole.stderr).toBe(1)
    expect((await run(flow, [], 'check:kept')).signal).toBe('SIGKILL')
    expect((await run(flow, ['--resume'], 'check:kept')).signal).toBe('SIGKILL')
    const resumed = await run(flow, ['--resume'])
    expect(resumed.stderr).not.toContain('nothing-to-resume')
    expect(countsOf(resumed, names)).toEqual(countsOf(whole, names))
    expect(JSON.parse(resumed.stdout)).toHaveProperty('resumed.savedAt')
  })
})
