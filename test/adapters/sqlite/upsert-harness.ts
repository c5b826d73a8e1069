import { sqlite } from 'lockstep/sqlite'
import type { UpsertHarness, UpsertTable } from '../../contracts/upsert.js'
import { DatabaseFile, signal } from './file.js'

/** A file with the contract's tables, made and read by a bare client. */
export async function upsertHarness(tables: readonly UpsertTable[]): Promise<UpsertHarness> {
  const file = await DatabaseFile.make()
  const client = file.client()
  for (const table of tables) await client.execute(ddl(table))
  const database = sqlite(file.path)
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
      const list = columns.map((column) => `cast(${column.name} as text) as ${column.name}`)
      const { rows } = await client.execute(`select ${list.join(', ')} from ${name}`)
      const text = (value: unknown) => (value === null ? null : String(value))
      return rows.map((row) => Object.fromEntries(columns.map((column) => [column.name, text(row[column.name])])))
    },
    insert: async ({ name, columns }, row) => {
      await client.execute({
        sql: `insert into ${name} values (${columns.map(() => '?').join(', ')})`,
        args: columns.map((column) => row[column.name] ?? null),
      })
    },
    async [Symbol.asyncDispose]() {
      client.close()
      await database[Symbol.asyncDispose]()
      await file[Symbol.asyncDispose]()
    },
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
