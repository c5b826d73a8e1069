import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'
import { jsonOf, type Row, spelt } from './quotes-oracle.js'

type Kind = 'text' | 'flag' | 'json' | 'time'

const KINDS: Readonly<Record<string, Kind>> = {
  contact: 'json',
  started_at: 'time',
  is_first_quote: 'flag',
  updated_at: 'time',
  is_offered: 'flag',
  rating_attributes: 'json',
  errors: 'json',
}
const TABLES: Readonly<Record<string, readonly string[]>> = {
  quotes: ['id', 'reference', 'contact', 'started_at', 'is_first_quote', 'revision'],
  quote_items: [
    ...['quote_id', 'product_id', 'rate_key', 'product_key', 'product_name', 'product_total', 'product_ipt'],
    ...['description', 'is_offered', 'base_premium', 'loading', 'discount', 'ipt', 'commission', 'total'],
    ...['status', 'rating_attributes', 'errors', 'revision'],
  ],
  quote_updates: ['quote_id', 'revision', 'updated_at'],
  quote_update_products: ['quote_id', 'revision', 'product_id', 'product_key'],
}

/** A database with the tables of examples/quotes, seen by a bare client. */
export interface QuotesTarget {
  readonly url: string
  /** Folder of the example whose schema it has. */
  readonly example: 'postgres' | 'mysql'
  run(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  tables(): Promise<Readonly<Record<string, readonly string[]>>>
  activeAt(quote: string, ms: number): Promise<readonly string[]>
  /** How many letters are in each state. */
  letters(): Promise<Readonly<Record<string, number>>>
  readonly stateTable: (name: string) => string
}

/** Call it at the top of a `describe`. */
export function postgresTarget(): QuotesTarget {
  const { url } = testDatabase()
  const spell: Record<Kind, (column: string) => string> = {
    text: (column) => `${column}::text`,
    json: (column) => `${column}::text`,
    flag: (column) => `${column}::int::text`,
    time: (column) => `(extract(epoch from ${column}) * 1000)::bigint::text`,
  }
  return target('postgres', {
    url,
    spell,
    run: (sql) => query(url, sql),
    time: (ms) => `timestamptz 'epoch' + ${ms} * interval '1 ms'`,
    stateTable: (name) => `lockstep.${name}`,
  })
}

export function mariadbTarget(): QuotesTarget {
  const { url } = testMariadb()
  const same = (column: string): string => column
  const json = (column: string): string => `cast(${column} as char)`
  const time = (column: string): string => `timestampdiff(microsecond, '1970-01-01', ${column}) div 1000`
  return target('mysql', {
    url,
    spell: { text: same, json, flag: same, time },
    run: (sql) => mariadbQuery(url, sql),
    time: (ms) => `'1970-01-01' + interval ${ms} * 1000 microsecond`,
    stateTable: (name) => `lockstep_${name}`,
  })
}

interface Dialect extends Pick<QuotesTarget, 'url' | 'run' | 'stateTable'> {
  readonly spell: Readonly<Record<Kind, (column: string) => string>>
  time(ms: number): string
}

function target(example: QuotesTarget['example'], { url, run, stateTable, spell, time }: Dialect): QuotesTarget {
  const rowsOf = async (table: string, columns: readonly string[]): Promise<readonly string[]> => {
    const list = columns.map((column) => `${spell[KINDS[column] ?? 'text'](column)} as ${column}`)
    return spelt((await run(`select ${list.join(', ')} from ${table}`)).map(parsed))
  }
  return {
    url,
    example,
    run,
    stateTable,
    async tables() {
      const entries = Object.entries(TABLES).map(async ([name, columns]) => [name, await rowsOf(name, columns)])
      return Object.fromEntries(await Promise.all(entries))
    },
    // As the comment above the view says.
    async activeAt(quote, ms) {
      const rows = await run(
        `select product_id from active_products where quote_id = '${quote}'
          and active_from <= ${time(ms)} and (active_to > ${time(ms)} or active_to is null) order by product_id`,
      )
      return rows.map((row) => String(row['product_id']))
    },
    async letters() {
      const counted = `select state, count(*) as letters from ${stateTable('dead_letters')} where flow = 'quotes' group by state`
      const rows = await run(counted)
      return Object.fromEntries(rows.map((row) => [String(row['state']), Number(row['letters'])]))
    },
  }
}

/** Everything is text by now, and JSON is spelt in one way. */
function parsed(row: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      if (value === null) return [column, null]
      return [column, KINDS[column] === 'json' ? jsonOf(JSON.parse(String(value))) : String(value)]
    }),
  )
}
