import { postgres } from '../../../src/adapters/postgres/index.js'
import type { StoredRow, UpsertHarness, UpsertTable } from '../../contracts/upsert.js'
import { plainClient, type TestDatabase } from '../../support/postgres.js'

/** A schema of the contract's tables, made and read by a bare client. */
export async function upsertHarness({ url }: TestDatabase, tables: readonly UpsertTable[]): Promise<UpsertHarness> {
  await using client = await plainClient(url)
  await client.query('drop schema if exists lockstep cascade; drop schema public cascade; create schema public')
  for (const table of tables) await client.query(ddl(table))
  const database = postgres(url)
  const { signal } = new AbortController()
  await database.state.prepare(signal)
  return {
    leases: database.state.leases,
    sink: (wanted, options = {}) => {
      const refs = wanted.map(({ name, key, version }) =>
        database.table(name, { key, ...(version === undefined ? {} : { version }) }),
      )
      return database.upserts(refs, { flow: 'contract', ...options }, signal)
    },
    stored: async ({ name, columns }) => {
      await using reader = await plainClient(url)
      const list = columns.map((column) => `${column.name}::text`).join(', ')
      const { rows } = await reader.query<StoredRow>(`select ${list} from ${name}`)
      return rows
    },
    insert: async ({ name, columns }, row) => {
      await using writer = await plainClient(url)
      const places = columns.map((_, index) => `$${index + 1}`).join(', ')
      await writer.query(
        `insert into ${name} values (${places})`,
        columns.map((column) => row[column.name] ?? null),
      )
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

function ddl({ name, columns, key, unique }: UpsertTable): string {
  const lines = columns.map((column) => {
    const rest = [
      column.nullable ? '' : ' not null',
      column.default === undefined ? '' : ` default '${column.default}'`,
      column.parent === undefined ? '' : ` references ${column.parent}`,
    ]
    return `${column.name} ${column.type}${rest.join('')}`
  })
  const indexes = [`primary key (${key.join(', ')})`, ...(unique ? [`unique (${unique.join(', ')})`] : [])]
  return `create table ${name} (${[...lines, ...indexes].join(', ')})`
}
