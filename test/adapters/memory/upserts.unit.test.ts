import { memoryDatabase } from 'lockstep/memory'
import { upsertContract } from '../../contracts/upsert.js'

upsertContract('memory', async (tables) => {
  const database = memoryDatabase({
    tables: tables.map(({ name, columns, key }) => ({ name, columns, key })),
  })
  const sinkOf = (wanted: typeof tables, options: Parameters<typeof database.upserts>[1]) =>
    database.upserts(
      wanted.map(({ name, key, version }) =>
        database.table(name, { key, ...(version === undefined ? {} : { version }) }),
      ),
      options,
    )
  return {
    leases: database.state.leases,
    sink: (wanted, options = {}) => sinkOf(wanted, { flow: 'contract', ...options }),
    async stored({ name, columns }) {
      return database
        .rows(name)
        .map((row) =>
          Object.fromEntries(
            columns.map((column) => [column.name, row[column.name] == null ? null : String(row[column.name])]),
          ),
        )
    },
    async insert(table, row) {
      const typed = table.columns.map(({ name, type }) => {
        const value = row[name] ?? null
        return [name, type === 'integer' && value !== null ? Number(value) : value]
      })
      const sink = await sinkOf([table], { flow: 'other' })
      const context = { flow: 'other', attempt: 1, expected: undefined, signal: new AbortController().signal }
      const item = { rows: [[Object.fromEntries(typed)]] }
      await sink.write({ lane: 'other', position: undefined, items: [item] }, context)
    },
    async [Symbol.asyncDispose]() {},
  }
})
