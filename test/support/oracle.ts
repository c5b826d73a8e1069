/** What is true, asked in plain SQL. Nothing here may import from `src`: an oracle shares no code with the product. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { z } from 'zod'

export interface TableFacts {
  readonly rows: number
  /** md5 over all rows as COPY prints them, in the order of the key's text in the C collation. */
  readonly md5: string
}

export interface Identity {
  readonly identical: boolean
  readonly a: TableFacts
  readonly b: TableFacts
  /** When they are not identical: some lines (`+` only in b, `-` only in a), a changed row being both. */
  readonly sample: readonly string[]
}

const SAMPLE_LINES = 20

/** Compares whole tables by all their columns. Slow and dumb, on purpose. */
export async function tablesIdentical(urlA: string, urlB: string, table: string): Promise<Identity> {
  const [a, b] = await Promise.all([facts(urlA, table), facts(urlB, table)])
  const identical = a.rows === b.rows && a.md5 === b.md5
  return { identical, a, b, sample: identical ? [] : await sample(urlA, urlB, table) }
}

export async function countRows(url: string, table: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ count: string }>(`select count(*) from ${table}`)
    return Number(rows[0]?.count)
  })
}

const Acknowledgement = z.object({ side: z.enum(['a', 'b']), key: z.string() })
export type Acknowledgement = z.infer<typeof Acknowledgement>

/**
 * The acknowledged keys (the file that the hostile writers wrote) which a database does not have. `table` needs a key of
 * one column.
 */
export async function acknowledgedMinusStored(file: string, url: string, table: string): Promise<Acknowledgement[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ key: string }>(
      `select ${await keyOf(client, table)}::text as key from ${table}`,
    )
    const stored = new Set(rows.map((row) => row.key))
    const missing: Acknowledgement[] = []
    for await (const line of createInterface({ input: createReadStream(file) })) {
      const acknowledgement = Acknowledgement.parse(JSON.parse(line))
      if (!stored.has(acknowledgement.key)) missing.push(acknowledgement)
    }
    return missing
  })
}

async function facts(url: string, table: string): Promise<TableFacts> {
  const hash = createHash('md5')
  let rows = 0
  for await (const chunk of orderedRows(url, table)) {
    hash.update(chunk)
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1
  }
  return { rows, md5: hash.digest('hex') }
}

/** COPY escapes line ends within values, so that each line is a row. */
async function* orderedRows(url: string, table: string): AsyncGenerator<Buffer> {
  const client = new pg.Client({
    connectionString: url,
    options: '-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1',
  })
  await client.connect()
  try {
    const key = await keyOf(client, table)
    const stream = client.query(
      copyTo(`copy (select (${key})::text, ${table}.* from ${table} order by (${key})::text collate "C") to stdout`),
    )
    for await (const chunk of stream) yield Buffer.from(chunk)
  } finally {
    await client.end()
  }
}

/** Merges the two ordered streams, so that any size will do. */
async function sample(urlA: string, urlB: string, table: string): Promise<string[]> {
  const found: string[] = []
  const a = await LineReader.open(orderedRows(urlA, table))
  const b = await LineReader.open(orderedRows(urlB, table))
  while (found.length < SAMPLE_LINES && !(a.line === undefined && b.line === undefined)) {
    const order = compareKeys(a.line, b.line)
    if (order !== 0 || a.line !== b.line) {
      if (order <= 0) found.push(`- ${a.line}`)
      if (order >= 0) found.push(`+ ${b.line}`)
    }
    if (order <= 0) await a.advance()
    if (order >= 0) await b.advance()
  }
  await Promise.all([a.close(), b.close()])
  return found
}

/** By the first field, in bytes, as the server ordered them; the end comes after everything. */
function compareKeys(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  const [keyA = '', keyB = ''] = [a.split('\t', 1)[0], b.split('\t', 1)[0]]
  return Buffer.compare(Buffer.from(keyA), Buffer.from(keyB))
}

class LineReader {
  /** The present line; `undefined` after the last. */
  line: string | undefined
  readonly #lines: AsyncGenerator<string>

  private constructor(lines: AsyncGenerator<string>) {
    this.#lines = lines
  }

  static async open(chunks: AsyncGenerator<Buffer>): Promise<LineReader> {
    const reader = new LineReader(linesOf(chunks))
    await reader.advance()
    return reader
  }

  async advance(): Promise<void> {
    const next = await this.#lines.next()
    this.line = next.done === true ? undefined : next.value
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined)
  }
}

async function* linesOf(chunks: AsyncGenerator<Buffer>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const data = Buffer.concat([rest, chunk])
    const end = data.lastIndexOf(10) + 1
    rest = data.subarray(end)
    yield* data.subarray(0, end).toString().split('\n').slice(0, -1)
  }
}

/** The primary key as an SQL expression; the whole row when there is none. */
async function keyOf(client: pg.Client, table: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(a.attname) as name from pg_index i
     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
     where i.indrelid = $1::regclass and i.indisprimary order by array_position(i.indkey::int2[], a.attnum)`,
    [table],
  )
  const names = rows.map((row) => row.name)
  return names.length === 1 ? names.join('') : names.length === 0 ? `${table}.*` : `row(${names.join(', ')})`
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
