import { describeTable, type PostgresTableInfo } from '../../../src/adapters/postgres/catalog/catalog.js'
import type { PostgresDatabase } from '../../../src/adapters/postgres/index.js'
import { rowWriter } from '../../../src/adapters/postgres/rows/writer.js'
import type { Batch } from '../../../src/core/batch.js'
import type { ConflictRule } from '../../../src/core/mirror.js'
import type { Sink, WriteContext } from '../../../src/core/sink.js'
import type { Row } from '../../../src/core/table.js'
import type { PlainClient } from '../../support/postgres.js'

export const { signal } = new AbortController()
export const context: WriteContext = { flow: 'mirror', attempt: 1, expected: undefined, signal }
export const batchOf = (items: readonly Row[], position?: string): Batch<Row> => ({ lane: 'tail', position, items })

/** A writer and what it told. */
export interface Subject extends AsyncDisposable {
  readonly sink: Sink<Row>
  readonly wrote: string[]
  readonly told: [number, string][]
}

export function open(database: PostgresDatabase, info: PostgresTableInfo, rule: ConflictRule): Subject {
  const wrote: string[] = []
  const told: [number, string][] = []
  const sink = rowWriter(database, info, {
    flow: 'mirror',
    rule,
    wrote: (transaction) => wrote.push(transaction),
    conflicts: (count, decision) => told.push([count, decision]),
  })
  return { sink, wrote, told, [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose]() }
}

export const infoOf = (database: PostgresDatabase, table: string, version?: string): Promise<PostgresTableInfo> =>
  describeTable(
    database.session,
    { table, name: table, database: database.label, options: version === undefined ? {} : { version } },
    signal,
  )

export const contents = async (oracle: PlainClient, table = 'records'): Promise<unknown[][]> =>
  (await oracle.query<unknown[]>({ text: `select * from ${table} order by 1`, rowMode: 'array' })).rows

export const recorded = async (oracle: PlainClient): Promise<unknown[][]> =>
  (
    await oracle.query<unknown[]>({
      text: 'select decision, key, incoming, existing, times from lockstep.conflicts order by key::text, incoming::text',
      rowMode: 'array',
    })
  ).rows
