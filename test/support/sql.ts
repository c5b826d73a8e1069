import { plainClient } from './postgres.js'

/** Runs the text, of one or more statements, and gives the rows of a single one. */
export async function query<Row extends object = Record<string, unknown>>(url: string, sql: string): Promise<Row[]> {
  await using client = await plainClient(url)
  const { rows } = await client.query<Row>(sql)
  return rows
}

/** The same statements on both sides. */
export async function onBoth({ a, b }: { readonly a: string; readonly b: string }, sql: string): Promise<void> {
  await Promise.all([query(a, sql), query(b, sql)])
}

/** Of an earlier test nothing is left: no table, no checkpoint, no dead letter, no conflict. */
export async function startAfresh(sides: { readonly a: string; readonly b: string }, create: string): Promise<void> {
  await onBoth(sides, 'drop schema if exists lockstep cascade; drop schema public cascade; create schema public')
  await onBoth(sides, create)
}

/** Rows for `create table records (id uuid primary key, value text)`, told apart by `mark`. */
export function someRows(mark: string, count: number): string {
  return `insert into records (id, value)
    select md5('${mark}' || n)::uuid, '${mark} ' || n from generate_series(1, ${count}) n`
}

/** One value of the first row. */
export async function value(url: string, sql: string): Promise<unknown> {
  const [row] = await query(url, sql)
  return row === undefined ? undefined : Object.values(row)[0]
}
