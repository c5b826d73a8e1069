import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Random } from './random.js'
import { columnsOf, insert, insertLiteral, type Rows, type Shape } from './shape.js'

/** What a writer gives each of its actions. */
export interface Turn {
  /** Of the writer; the names of its prepared transactions begin with it. */
  readonly name: string
  readonly client: pg.Client
  readonly shape: Shape
  readonly random: Random
  readonly rows: Rows
  /** Keys that this writer has committed; only it touches them. */
  readonly own: readonly string[]
  /** Aborts when the run is over: slow transactions then commit at once. */
  readonly over: AbortSignal
  /** Commits what is open; `keys` are from then on acknowledged. */
  commit(keys: readonly string[], statement?: string): Promise<void>
  /** Inserts so many rows in autocommit: the statement's own answer is the acknowledgement. */
  insertAlone(count: number): Promise<void>
}

export type Action = (turn: Turn) => Promise<void>

async function pause(turn: Turn, lowMs: number, highMs: number): Promise<void> {
  await delay(turn.random.integer(lowMs, highMs), undefined, { signal: turn.over }).catch(() => undefined)
}

async function insertSome(turn: Turn, most: number): Promise<string[]> {
  return insert(turn.client, turn.shape, turn.rows.make(turn.random.integer(1, most)))
}

const oneRow: Action = async (turn) => {
  await turn.insertAlone(1)
}

const manyRows: Action = async (turn) => {
  await turn.insertAlone(turn.random.integer(1, 500))
}

const slowTransaction: Action = async (turn) => {
  await turn.client.query('begin')
  const keys: string[] = []
  const steps = turn.random.integer(2, 6)
  const longestMs = turn.random.chance(0.1) ? 5000 / steps : 1000 / steps
  for (let step = 0; step < steps; step++) {
    keys.push(...(await insertSome(turn, 50)))
    await pause(turn, 50, longestMs)
  }
  await turn.commit(keys)
}

const wholeRollback: Action = async (turn) => {
  await turn.client.query('begin')
  await insertSome(turn, 1000)
  await pause(turn, 0, 200)
  await turn.client.query('rollback')
}

const savepoints: Action = async (turn) => {
  await turn.client.query('begin')
  const levels: string[][] = [await insertSome(turn, 20)]
  for (let step = turn.random.integer(3, 12); step > 0; step--) {
    const open = levels.length - 1
    if (open === 0 || turn.random.chance(0.5)) {
      await turn.client.query(`savepoint s${open + 1}`)
      levels.push(await insertSome(turn, 20))
    } else {
      const undone = turn.random.chance(0.5)
      await turn.client.query(
        undone ? `rollback to savepoint s${open}; release savepoint s${open}` : `release savepoint s${open}`,
      )
      const keys = levels.pop() ?? []
      if (!undone) levels.at(-1)?.push(...keys)
    }
    await pause(turn, 0, 60)
  }
  await turn.commit(levels.flat())
}

const exceptionBlocks: Action = async (turn) => {
  const kept = turn.rows.make(turn.random.integer(1, 20), true)
  const saved = turn.rows.make(turn.random.integer(1, 20), true)
  const lost = turn.rows.make(turn.random.integer(1, 20), true)
  await turn.client.query('begin')
  await turn.client.query(`do $$ begin
    ${insertLiteral(turn.shape, kept)};
    begin ${insertLiteral(turn.shape, lost)}; raise exception 'undo'; exception when others then null; end;
    begin ${insertLiteral(turn.shape, saved)}; exception when others then raise; end;
  end $$`)
  await pause(turn, 0, 200)
  await turn.commit([...kept, ...saved].flatMap((row) => row.key ?? []))
}

const copy: Action = async (turn) => {
  const rows = turn.rows.make(turn.random.integer(1, 1000), true)
  const columns = columnsOf(turn.shape, rows)
  const lines = rows.map((_, row) => `${columns.map((column) => column.values[row]).join('\t')}\n`)
  await turn.client.query('begin')
  const into = turn.client.query(
    copyFrom(`copy ${turn.shape.table} (${columns.map((column) => column.name).join(', ')}) from stdin`),
  )
  await pipeline(Readable.from(lines), into)
  if (turn.random.chance(0.3)) await turn.client.query('rollback')
  else await turn.commit(rows.flatMap((row) => row.key ?? []))
}

const preparedTransaction: Action = async (turn) => {
  const name = `${turn.name}-${turn.random.hex(16)}`
  await turn.client.query('begin')
  const keys = await insertSome(turn, 100)
  await turn.client.query(`prepare transaction '${name}'`)
  await pause(turn, 50, 2000)
  if (turn.random.chance(0.25)) await turn.client.query(`rollback prepared '${name}'`)
  else await turn.commit(keys, `commit prepared '${name}'`)
}

/** Rows that change, and rows that go, before anyone else could see them; the changes stay on the page (HOT). */
const changedBeforeCommit: Action = async (turn) => {
  const { table, key, text } = turn.shape
  await turn.client.query('begin')
  const keys = await insertSome(turn, 40)
  const gone = keys.filter(() => turn.random.chance(0.3))
  await turn.client.query(
    `update ${table} set ${text} = ${text} || 'x' where ${key} = any ($1::${turn.shape.keyType}[])`,
    [keys],
  )
  await turn.client.query(`delete from ${table} where ${key} = any ($1::${turn.shape.keyType}[])`, [gone])
  await turn.commit(keys.filter((each) => !gone.includes(each)))
}

/** Locks, changes and deletes stored rows, then thinks better of it. */
const nothingInTheEnd: Action = async (turn) => {
  const { table, key, text, keyType } = turn.shape
  if (turn.own.length === 0) return
  const some = [turn.random.pick(turn.own), turn.random.pick(turn.own)]
  const mine = `where ${key} = any ($1::${keyType}[])`
  await turn.client.query('begin')
  await turn.client.query(
    `select from ${table} ${mine} for ${turn.random.pick(['share', 'update', 'no key update'])}`,
    [some],
  )
  if (turn.random.chance(0.5)) await turn.client.query(`update ${table} set ${text} = 'undone' ${mine}`, [some])
  if (turn.random.chance(0.5)) await turn.client.query(`delete from ${table} ${mine}`, [some])
  await pause(turn, 0, 200)
  await turn.client.query('rollback')
}

/** A writer changes only what it wrote itself, so that both sides agree on which version of a row is the newest. */
export const updates: Action = async (turn) => {
  const { table, key, text, version, keyType } = turn.shape
  if (turn.own.length === 0 || version === undefined) return
  const some = Array.from({ length: turn.random.integer(1, 20) }, () => turn.random.pick(turn.own))
  await turn.client.query('begin')
  await turn.client.query(
    `update ${table} set ${text} = $2, ${version} = ${version} + 1 where ${key} = any ($1::${keyType}[])`,
    [some, turn.random.hex(turn.random.integer(1, 200))],
  )
  await pause(turn, 0, 300)
  await turn.commit([])
}

/** With how often each comes up. */
export const ACTIONS: readonly { readonly name: string; readonly weight: number; readonly act: Action }[] = [
  { name: 'one-row', weight: 30, act: oneRow },
  { name: 'many-rows', weight: 15, act: manyRows },
  { name: 'slow-transaction', weight: 12, act: slowTransaction },
  { name: 'whole-rollback', weight: 8, act: wholeRollback },
  { name: 'savepoints', weight: 12, act: savepoints },
  { name: 'exception-blocks', weight: 8, act: exceptionBlocks },
  { name: 'copy', weight: 8, act: copy },
  { name: 'prepared-transaction', weight: 4, act: preparedTransaction },
  { name: 'changed-before-commit', weight: 8, act: changedBeforeCommit },
  { name: 'nothing-in-the-end', weight: 8, act: nothingInTheEnd },
]

/** Rolls back the prepared transactions whose names begin so: those of a writer that lost its connection. */
export async function settlePrepared(client: pg.ClientBase, name: string): Promise<void> {
  const { rows } = await client.query<{ gid: string }>(
    'select gid from pg_prepared_xacts where starts_with(gid, $1) and database = current_database()',
    [name],
  )
  for (const { gid } of rows) await client.query(`rollback prepared '${gid}'`)
}
