import { mysql } from '../../../src/adapters/mysql/database.js'
import { type StoredRow, type UpsertColumn, type UpsertTable, upsertContract } from '../../contracts/upsert.js'
import { plainMariadb, testMariadb } from '../../support/mariadb.js'

const { url } = testMariadb()

function definition({ name, type, nullable, default: given }: UpsertColumn): string {
  const sqlType = type === 'integer' ? 'int' : 'varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'
  const fallback = given === undefined ? '' : ` DEFAULT '${given}'`
  return `\`${name}\` ${sqlType}${nullable ? '' : ' NOT NULL'}${fallback}`
}

function create({ name, columns, key, unique }: UpsertTable): string {
  const parents = columns.flatMap(({ name: child, parent }) =>
    parent === undefined ? [] : [`FOREIGN KEY (${child}) REFERENCES ${parent} (id)`],
  )
  const indexes = unique === undefined ? [] : [`UNIQUE (${unique.join(', ')})`]
  const parts = [...columns.map(definition), `PRIMARY KEY (${key.join(', ')})`, ...indexes, ...parents]
  return `CREATE TABLE \`${name}\` (${parts.join(', ')})`
}

upsertContract('mysql', async (tables) => {
  const client = await plainMariadb(url)
  for (const { name } of [...tables].reverse()) await client.query(`DROP TABLE IF EXISTS \`${name}\``)
  await client.query('DROP TABLE IF EXISTS children, parents')
  await client.query('DROP TABLE IF EXISTS lockstep_checkpoints, lockstep_fences')
  for (const table of tables) await client.query(create(table))
  const database = mysql(url)
  const { signal } = new AbortController()
  await database.state.prepare(signal)
  return {
    leases: database.state.leases,
    sink: (wanted, options) => {
      const refs = wanted.map(({ name, key, version }) =>
        database.table(name, { key, ...(version === undefined ? {} : { version }) }),
      )
      return database.upserts(refs, { flow: 'contract', ...options }, signal)
    },
    stored: async ({ name }) => (await client.query(`SELECT * FROM \`${name}\``)).map(asText),
    insert: async ({ name }, row) => {
      const columns = Object.keys(row).map((column) => `\`${column}\``)
      await client.query(`INSERT INTO \`${name}\` (${columns.join(', ')}) VALUES (?)`, [Object.values(row)])
    },
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await client[Symbol.asyncDispose]()
    },
  }
})

function asText(row: Readonly<Record<string, unknown>>): StoredRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]))
}
