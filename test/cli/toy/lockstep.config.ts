import { once } from 'node:events'
import {
  ConfigError,
  type Database,
  defineConfig,
  type Flow,
  type FlowContext,
  ingest,
  type TablesReport,
  UnavailableError,
} from 'lockstep'
import { memoryDatabase, memoryState, memoryStream } from 'lockstep/memory'
import { z } from 'zod'

/** Flows for the tests of the command line: each behaves in one way that a real one may. */

const CANARY_URL = 'postgres://user:canary@db.internal:5432/app'
const state = memoryState()
const database: Database = {
  engine: 'memory',
  label: 'memory://a',
  table: () => {
    throw new Error('a toy database has no tables')
  },
  identify: async () => ({ id: 'a', version: 'toy', readOnly: false }),
  state,
  [Symbol.asyncDispose]: async () => {},
}
const down: Database = {
  ...database,
  label: 'memory://down',
  state: {
    checkpoints: state.checkpoints,
    deadLetters: state.deadLetters,
    conflicts: state.conflicts,
    prepare: () => Promise.resolve(),
    checks: state.checks,
    feeds: state.feeds,
    events: state.events,
    leases: state.leases,
    runs: {
      save: () => Promise.reject(new UnavailableError('connection', `cannot reach ${CANARY_URL}`)),
      latest: () => Promise.reject(new UnavailableError('connection', `cannot reach ${CANARY_URL}`)),
      list: () => Promise.reject(new UnavailableError('connection', `cannot reach ${CANARY_URL}`)),
    },
  },
}

/** Each in a lane of its own, so that none is written with another. */
const threeBatches = memoryStream()
for (const stream of ['a', 'b', 'c']) threeBatches.append({ stream, json: { id: stream } })
threeBatches.end()
const things = memoryDatabase({
  tables: [{ name: 'things', columns: [{ name: 'id' }], key: ['id'] }],
}).table('things', { key: ['id'] })

const report: TablesReport = {
  kind: 'tables',
  verdict: 'same',
  left: 'memory://a records',
  right: 'memory://b records',
  columns: ['id', 'name'],
  keyColumns: ['id'],
  rows: { left: 9_007_199_254_740_993n, right: 2n },
  missingLeft: 0,
  missingRight: 0,
  changed: 0,
  unstable: 0,
  fetchedRows: 0,
  durationMs: 12,
}

function toy(run: Flow['run'], rest: Partial<Flow> = {}): Flow {
  return { kind: 'sync', databases: [database], run, diagnose: async () => [], grants: async () => [], ...rest }
}

function comparing(verdict: TablesReport['verdict']): Flow {
  return toy(async () => {}, {
    check: async (_context, options) => {
      if (verdict === 'different') {
        const columns = report.columns.map((name) => ({ name, type: 'text', nullable: true, hasDefault: false }))
        const schema = { name: 'public.records', columns, key: report.keyColumns }
        options.begun?.({ left: schema, right: { ...schema, name: 'public.copy' } })
        for (let id = 1; id <= 3; id++) {
          options.difference?.({ kind: 'changed', key: [`${id}`], left: [`${id}`, 'left'], right: [`${id}`, 'right'] })
        }
      }
      return { ...report, verdict, changed: verdict === 'different' ? 3 : 0 }
    },
  })
}

/** A flow of kind `check`, whose run is the comparison. */
function checking(verdict: TablesReport['verdict']): Flow {
  const run: Flow['run'] = async ({ observer, name }) =>
    observer({ flow: name, type: 'verdict', verdict, detail: 'toy', figures: {} })
  return toy(run, { kind: 'check' })
}

function notice({ observer, name }: FlowContext, message: string): void {
  observer({ flow: name, type: 'notice', level: 'warn', code: 'toy', message })
}

/** Keeps the process alive until the signal aborts, as a flow's connections would. */
async function until(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 1_000)
  if (!signal.aborted) await once(signal, 'abort')
  clearInterval(alive)
}

async function connecting(context: FlowContext): Promise<void> {
  notice(context, `${context.name} is under way`)
  await until(context.drain)
  throw new UnavailableError('aborted', 'connecting was aborted')
}

export default defineConfig({
  flows: {
    quick: toy(async ({ observer, name }) => {
      observer({ flow: name, type: 'batch', lane: 'ab', items: 7, durationMs: 1, lagMs: 3 })
      observer({ flow: name, type: 'verdict', verdict: 'same', detail: '7 rows', figures: {} })
    }),
    conflicting: toy(async ({ observer, name }) =>
      observer({ flow: name, type: 'verdict', verdict: 'different', detail: 'toy', figures: {} }),
    ),
    everySecond: toy(
      async (context) => {
        notice(context, 'everySecond runs')
        throw new UnavailableError('connection', 'everySecond fails')
      },
      {
        kind: 'feed',
        schedule: { cron: '* * * * * *', timeZone: 'UTC', next: (ms) => 1_000 * Math.floor(ms / 1_000 + 1) },
      },
    ),
    nightly: toy(async (context) => notice(context, 'nightly runs'), {
      kind: 'feed',
      schedule: { cron: '0 3 * * *', timeZone: 'UTC', next: (ms) => ms + 3_600_000 },
    }),
    nightlyMisconfigured: toy(async () => {}, {
      kind: 'feed',
      schedule: { cron: '0 3 * * *', timeZone: 'UTC', next: (ms) => ms + 3_600_000 },
      diagnose: async () => [{ level: 'error', subject: 'records', message: 'no such table', fix: 'CREATE TABLE' }],
    }),
    steady: toy(async (context) => {
      notice(context, 'steady is under way')
      await until(context.drain)
      notice(context, 'steady has saved what it read')
    }),
    stubborn: toy(async (context) => {
      notice(context, 'stubborn is under way')
      context.drain.addEventListener('abort', () => notice(context, 'stubborn was asked to drain'))
      await until(context.abort)
      throw new Error('what an aborted flow throws is no failure')
    }),
    connecting: toy(connecting),
    checkConnecting: toy(connecting, { kind: 'check' }),
    misconfigured: toy(async () => {
      throw new ConfigError({
        code: 'key-missing',
        key: 'flows.misconfigured.table',
        message: 'no unique index on id',
        fix: 'CREATE UNIQUE INDEX ON records (id)',
      })
    }),
    unreachable: toy(async () => {
      throw new UnavailableError('connection', `cannot reach ${CANARY_URL}`, { cause: new Error(`no ${CANARY_URL}`) })
    }),
    bug: toy(async () => {
      throw new TypeError(`undefined is not a function at ${CANARY_URL}`)
    }),
    red: toy(
      async (context) => {
        const { observer, name } = context
        const error = new UnavailableError('connection', `cannot reach ${CANARY_URL}`)
        observer({ flow: name, type: 'health', subject: 'memory://down', healthy: false, reason: error.message })
        observer({ flow: name, type: 'retry', lane: 'ab', attempt: 1, delayMs: 100, error })
        observer({ flow: name, type: 'dead-letters', lane: 'ab', count: 2, code: 'check', reason: `at ${CANARY_URL}` })
        notice(context, `red waits for ${CANARY_URL}`)
      },
      { databases: [down], diagnose: () => Promise.reject(new UnavailableError('connection', CANARY_URL)) },
    ),
    failing: ingest({ from: threeBatches, schema: z.object({ id: z.string() }), into: things, map: (thing) => thing }),
    checkSame: checking('same'),
    checkDifferent: checking('different'),
    checkUnverified: checking('unverified'),
    tracked: toy(async () => {}, {
      check: async ({ observer, name }, { progress }) => {
        progress?.({ phase: 'digest', done: 0, of: undefined })
        observer({ flow: name, type: 'notice', level: 'warn', code: 'toy', message: 'tracked is under way' })
        progress?.({ phase: 'fetch', done: 0, of: 40_000 })
        progress?.({ phase: 'confirm', done: 30_000, of: 40_000 })
        return report
      },
    }),
    same: comparing('same'),
    different: comparing('different'),
    unverified: comparing('unverified'),
  },
})
