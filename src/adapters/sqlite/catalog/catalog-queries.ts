import { z } from 'zod'
import type { SqliteSession } from '../session/session.js'

const whole = z.coerce.number()

const Tables = z.array(z.object({ name: z.string(), type: z.string(), strict: whole }))
const Columns = z.array(
  z.object({
    name: z.string(),
    type: z.string(),
    notnull: whole,
    hasDefault: whole,
    /** Place in the primary key, from 1 on; 0: not in it. */
    pk: whole,
    /** 1: of a virtual table; 2 and 3: generated. */
    hidden: whole,
  }),
)
/** `name` is null for an expression and for the row id. */
const Indexes = z.array(z.object({ index: z.string(), name: z.string().nullable() }))
const ForeignKeys = z.array(z.object({ parent: z.string() }))
const Names = z.array(z.object({ name: z.string() }))

export type CatalogTable = z.infer<typeof Tables>[number]
export type SqliteColumn = z.infer<typeof Columns>[number]

export interface Catalog {
  readonly table: CatalogTable | undefined
  readonly columns: readonly SqliteColumn[]
  /** Columns of each unique index over columns alone and all rows. */
  readonly unique: readonly (readonly string[])[]
  /** Tables that foreign keys point to. */
  readonly parents: readonly string[]
  /** Of all tables. */
  readonly names: readonly string[]
}

/** What the file has of one table, as of one moment. Names of tables do not differ by case. */
export function readCatalog(session: SqliteSession, name: string, signal: AbortSignal): Promise<Catalog> {
  const options = { what: 'reading the catalog', signal }
  return session.transaction(async (transaction) => {
    const ask = async (sql: string) => (await transaction.execute(sql, [name], options)).rows
    const [table] = Tables.parse(
      await ask(`select name, type, strict from pragma_table_list where schema = 'main' and name = ? collate nocase`),
    )
    const columns = await ask(
      `select name, type, "notnull", dflt_value is not null as hasDefault, pk, hidden from pragma_table_xinfo(?)`,
    )
    const indexes = await ask(
      `select l.name as "index", i.name from pragma_index_list(?) l, pragma_index_info(l.name) i
        where l."unique" and not l.partial order by l.seq, i.seqno`,
    )
    const parents = await ask('select distinct "table" as parent from pragma_foreign_key_list(?)')
    const names = await ask(`select name from pragma_table_list where schema = 'main' and type = 'table' and ?1 <> ''`)
    return {
      table,
      columns: Columns.parse(columns),
      unique: uniqueIndexes(Indexes.parse(indexes)),
      parents: ForeignKeys.parse(parents).map(({ parent }) => parent),
      names: Names.parse(names).map((found) => found.name),
    }
  }, options)
}

function uniqueIndexes(rows: z.infer<typeof Indexes>): readonly (readonly string[])[] {
  const indexes = new Map<string, (string | null)[]>()
  for (const { index, name } of rows) indexes.set(index, [...(indexes.get(index) ?? []), name])
  return [...indexes.values()].flatMap((names) => {
    const columns = names.filter((name) => name !== null)
    return columns.length === names.length ? [columns] : []
  })
}
