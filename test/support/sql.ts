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

/** Of an earlier test nothing is left on any side: no table, no checkpoint, no dead letter, no conflict. */
export async function startAfresh(
  sides: { readonly a: string; readonly b: string; readonly c?: string },
  create: string,
): Promise<void> {
  const empty = 'drop schema if exists lockstep cascade; drop schema public cascade; create schema public'
  await Promise.all(Object.values(sides).map((url) => query(url, `${empty}; ${create}`)))
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

/**
 * Has the server itself count, from now on, who tries to insert rows into `records`, also to no effect: by the first word
 * of `value`, where rows of `someRows` have their mark. What oracles write does not count.
 */
export async function countAttempts(url: string): Promise<void> {
  await query(
    url,
    `create table attempts (mark text);
     create function note_attempt() returns trigger language plpgsql as $$ begin
       if current_setting('application_name') <> 'oracle' then
         insert into attempts values (split_part(new.value, ' ', 1));
       end if;
       return new;
     end $$;
     create trigger note_attempt before insert on records for each row execute function note_attempt()`,
  )
}

/** Attempts of others than oracles, by mark. */
export async function attemptsOn(url: string): Promise<Record<string, number>> {
  const rows = await query<{ mark: string; attempts: number }>(
    url,
    'select mark, count(*)::int as attempts from attempts group by mark',
  )
  return Object.fromEntries(rows.map(({ mark, attempts }) => [mark, attempts]))
}
