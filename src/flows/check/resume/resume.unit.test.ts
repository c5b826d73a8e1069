import { describe, expect, it } from 'vitest'
import { memoryState } from '../../../adapters/memory/state.js'
import { memoryTable } from '../../../adapters/memory/table.js'
import { UnavailableError } from '../../../core/errors.js'
import type { CheckOptions, FlowContext, TablesReport } from '../../../core/flow.js'
import type { FlowEvent } from '../../../core/observer.js'
import type { StateStore } from '../../../core/state.js'
import type { Row, TableSchema } from '../../../core/table.js'
import { type CheckTablesOptions, checkTables } from '../check-tables.js'

const column = (name: string, type = 'text') => ({ name, type, nullable: false, hasDefault: false })
const schema: TableSchema = { name: 'public.t', columns: [column('id'), column('a')], key: ['id'] }
const ROWS = 3_000
const left: Row[] = Array.from({ length: ROWS }, (_, id) => [String(id), 'a'])
const right: Row[] = left.flatMap(([id = null], at): Row[] => (at % 11 === 0 ? [] : [[id, at % 7 === 0 ? 'b' : 'a']]))
right.push(['one more', 'a'])
const MISSING = Math.ceil(ROWS / 11)
const CHANGED = left.filter((_, at) => at % 7 === 0 && at % 11 !== 0).length
const COUNTS = { verdict: 'different', missingLeft: 1, missingRight: MISSING, changed: CHANGED, unstable: 0 }

interface Ran {
  readonly report: TablesReport
  readonly keys: readonly string[]
  readonly events: readonly FlowEvent[]
}

/** Asked to end once so many differences have been told; all by default. */
async function ran(
  state: StateStore | undefined,
  { endAfter = Number.POSITIVE_INFINITY, ...options }: CheckTablesOptions & { readonly endAfter?: number },
): Promise<Ran> {
  const drain = new AbortController()
  const events: FlowEvent[] = []
  const keys: string[] = []
  const context: FlowContext = {
    name: 'same',
    observer: (event) => events.push(event),
    drain: drain.signal,
    abort: new AbortController().signal,
    untilCaughtUp: true,
    ...(state === undefined ? {} : { state }),
  }
  const difference: CheckOptions['difference'] = ({ key }) => {
    keys.push(String(key[0]))
    if (keys.length >= endAfter) drain.abort()
  }
  const tables = [memoryTable(schema, left), memoryTable(schema, right)] as const
  const report = await checkTables(...tables, context, { settleMs: 0, groupRows: 400, difference, ...options })
  return { report, keys, events }
}

const notices = ({ events }: Ran): readonly string[] =>
  events.flatMap((event) => (event.type === 'notice' ? [event.code] : []))

describe('a check of tables that is interrupted again and again', () => {
  it('comes to the counts of one that is not', async () => {
    const state = memoryState()
    expect((await ran(undefined, {})).report).toMatchObject(COUNTS)
    const told = new Set<string>()
    let resumed = 0
    let run = await ran(state, { endAfter: 150 })
    expect(run.report).toMatchObject({ verdict: 'unverified', resumable: true })
    for (; run.report.verdict === 'unverified'; resumed++) {
      for (const key of run.keys) told.add(key)
      run = await ran(state, { resume: true, endAfter: 150 })
      expect(run.report.resumed?.findings).toBeGreaterThan(0)
    }
    for (const key of run.keys) told.add(key)
    expect(resumed).toBeGreaterThan(1)
    expect(run.report).toMatchObject(COUNTS)
    expect(run.report).not.toHaveProperty('resumable')
    expect(run.report.rows).toEqual({ left: BigInt(left.length), right: BigInt(right.length) })
    expect(told.size).toBe(MISSING + CHANGED + 1)
    expect(run.keys.length, 'it began where the one before had ended').toBeLessThan(told.size)
  })

  it('starts anew, and says so, when what is compared has changed, or nothing was left', async () => {
    const state = memoryState()
    expect(notices(await ran(state, { resume: true }))).toEqual(['nothing-to-resume'])
    await ran(state, { endAfter: 300 })
    const other = await ran(state, { resume: true, where: 'a is not null' })
    expect(notices(other)).toEqual(['nothing-to-resume'])
    expect(other.report).toMatchObject(COUNTS)
    expect(other.report).not.toHaveProperty('resumed')
    expect(notices(await ran(state, { resume: true }))).toEqual(['nothing-to-resume'])
  })

  it('needs a state database, and repairs nothing', async () => {
    await expect(ran(undefined, { resume: true })).rejects.toMatchObject({ code: 'resume-without-state' })
    const repair = { mode: 'sql', side: 'right', delete: false, maxRepairs: 10 } as const
    await expect(ran(memoryState(), { resume: true, repair })).rejects.toMatchObject({ code: 'option-invalid' })
  })

  it('gives its verdict though nothing can be kept', async () => {
    const state = memoryState()
    const down = (): Promise<never> => Promise.reject(new UnavailableError('connection', 'no'))
    const keeping = (load: StateStore['checkpoints']['load']): StateStore => ({
      ...state,
      prepare: () => state.prepare(),
      checkpoints: { load, save: down, reset: down },
    })
    const broken = keeping(async () => new Map())
    const run = await ran(broken, {})
    expect(run.report).toMatchObject(COUNTS)
    expect(notices(run)).toEqual(['check-not-kept'])
    const unread = await ran(keeping(down), { endAfter: 10 })
    expect(unread.report).not.toHaveProperty('resumable')
  })

  it('knows from the last run how long a digest takes', async () => {
    const state = memoryState()
    await ran(state, {})
    const expected: (number | undefined)[] = []
    await ran(state, { progress: ({ phase, expectedMs }) => phase === 'digest' && expected.push(expectedMs) })
    expect(expected).toEqual([expect.any(Number)])
  })
})

describe('a table that is altered while it is compared', () => {
  const reopened = (columns: TableSchema['columns']) => async () => ({
    left: memoryTable({ ...schema, columns }, []),
    right: memoryTable(schema, []),
  })

  it.each([
    ['a type is another one', [column('id'), column('a', 'bigint')], 'column a of .* was text and is bigint'],
    ['a column is new', [column('id'), column('a'), column('c')], 'column c of .* is new'],
    ['a column is gone', [column('id')], 'column a of .* was text and is gone'],
  ])('gives no verdict: %s', async (_, columns, message) => {
    await expect(ran(undefined, { reopen: reopened(columns) })).rejects.toMatchObject({
      code: 'schema-changed',
      message: expect.stringMatching(message),
    })
  })

  it('is compared when it is as it was, and unverified when that cannot be told', async () => {
    expect((await ran(undefined, { reopen: reopened(schema.columns) })).report).toMatchObject(COUNTS)
    const lost = (): Promise<never> => Promise.reject(new UnavailableError('connection', 'gone'))
    expect((await ran(undefined, { reopen: lost })).report.verdict).toBe('unverified')
  })
})
