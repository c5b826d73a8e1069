import { Client } from 'pg'

/** What a table holds, asked in plain SQL: nothing here shares code with the product. */
export interface Inventory {
  readonly rows: number
  /** md5 over the md5 of every row, in the order of the ids. */
  readonly md5: string
}

const CONTENT = `
  select count(*)::text as rows, coalesce(md5(string_agg(md5(id::text || '=' || value), '' order by id)), '') as md5
  from records`

/** One connection to one server, bare `pg`. */
export class Oracle implements AsyncDisposable {
  readonly #client: Client

  private constructor(client: Client) {
    this.#client = client
  }

  static async connect(url: string): Promise<Oracle> {
    const client = new Client({ connectionString: url, application_name: 'demo', connectionTimeoutMillis: 10_000 })
    // An idle connection that is lost says so here; the next query fails and is heard.
    client.on('error', () => undefined)
    await client.connect()
    return new Oracle(client)
  }

  async create(rows: number): Promise<void> {
    await this.#client.query('create table records (id uuid primary key, value text not null)')
    await this.#client.query(
      'insert into records select gen_random_uuid(), md5(random()::text) from generate_series(1, $1)',
      [rows],
    )
  }

  /** Exact, and as slow as the table is long. */
  async count(): Promise<number> {
    return Number(await this.#text('select count(*)::text as rows from records', 'rows'))
  }

  /** Live rows as the server's statistics have them: free of charge and up to a second old. */
  async estimate(): Promise<number> {
    return Number(
      await this.#text(`select n_live_tup::text as rows from pg_stat_user_tables where relname = 'records'`, 'rows'),
    )
  }

  async inventory(): Promise<Inventory> {
    const { rows } = await this.#client.query<{ rows: string; md5: string }>(CONTENT)
    const [row] = rows
    return { rows: Number(row?.rows ?? 0), md5: row?.md5 ?? '' }
  }

  async insert(id: string, value: string): Promise<void> {
    await this.#client.query('insert into records values ($1, $2)', [id, value])
  }

  /** Those of the ids that are there. */
  async seen(ids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.#client.query<{ id: string }>({
      name: 'seen',
      text: 'select id::text from records where id = any ($1::uuid[])',
      values: [ids],
    })
    return rows.map(({ id }) => id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => undefined)
  }

  async #text(query: string, column: string): Promise<string> {
    const { rows } = await this.#client.query<Record<string, string>>(query)
    return rows[0]?.[column] ?? ''
  }
}
