import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type {
  DeadLetter,
  DeadLetterStore,
  LetterFilter,
  LetterPage,
  LetterState,
  StoredLetter,
} from '../../../core/dead-letter.js'
import { ConfigError } from '../../../core/errors.js'
import { type LetterRow, letterRows, withoutNul } from '../../sql/letter-rows.js'
import { LETTER_PAGE, storedLetter, WAITING_STATES } from '../../sql/stored-letter.js'
import type { ResultRow, Session } from '../session/session.js'
import { type StatePlace, unpreparedState } from './prepare-state.js'
import { stateTable } from './state-schema.js'

const Count = z.object({ count: z.coerce.number() })
/** `DeadLetterStore` on the table `dead_letters`. */
export class PostgresDeadLetters implements DeadLetterStore {
  readonly label: string
  readonly #session: Session
  readonly #where: StatePlace
  readonly #table: SQL

  constructor(session: Session, where: StatePlace) {
    this.label = `${where.label} ${where.schema}.dead_letters`
    this.#session = session
    this.#where = where
    this.#table = stateTable(where.schema, 'dead_letters')
  }

  async store(letters: readonly DeadLetter[]): Promise<void> {
    const what = 'storing dead letters'
    const [first, ...more] = letterRows(letters)
    if (first === undefined) return
    if (more.length === 0) {
      await this.#session.execute(this.#upsert(first), { what })
      return
    }
    await this.#session.transaction(async (transaction) => {
      for (const rows of [first, ...more]) await transaction.execute(this.#upsert(rows), { what })
    })
  }

  async count(flow: string, states: readonly LetterState[] = WAITING_STATES): Promise<number> {
    const query = sql`select count(*)::text as count from ${this.#table}
      where flow = ${flow} and state = any (${sql.param([...states])}::text[])`
    const [row] = await this.#execute(query, 'counting dead letters')
    return Count.parse(row).count
  }

  async list(flow: string, filter: LetterFilter = {}, page: LetterPage = {}): Promise<readonly StoredLetter[]> {
    const { limit = LETTER_PAGE, after } = page
    const where = conditions(filter)
    if (after !== undefined) where.push(sql`(first_at, id) > (${after.firstAt}::timestamptz, ${after.id}::text)`)
    const query = sql`
      select id, flow, item_key as "itemKey", lane, stage, code, reason, payload, encoding, headers, origin, position,
        attempts, state, ${iso(sql`first_at`)} as "firstAt", ${iso(sql`last_at`)} as "lastAt"
      from ${this.#table} where flow = ${flow} and ${sql.join(where, sql` and `)}
      order by first_at, id limit ${limit}`
    const rows = await this.#execute(query, 'listing dead letters')
    return rows.map(storedLetter)
  }

  async mark(
    flow: string,
    letters: readonly Pick<StoredLetter, 'id' | 'attempts'>[],
    state: 'replayed' | 'discarded',
  ): Promise<number> {
    if (letters.length === 0) return 0
    const ids = sql`${sql.param(letters.map(({ id }) => id))}::text[]`
    // The ids are named twice, as a table without statistics is else read and sorted whole for the join.
    const query = sql`
      with marked as (
        update ${this.#table} as letter set state = ${state}
        from unnest(${ids}, ${sql.param(letters.map(({ attempts }) => attempts))}::int[]) as known (id, attempts)
        where letter.flow = ${flow} and letter.id = any (${ids})
          and letter.id = known.id and letter.attempts = known.attempts
        returning 1)
      select count(*)::text as count from marked`
    const [row] = await this.#execute(query, 'marking dead letters')
    return Count.parse(row).count
  }

  /** The command line may be newer than all flows that have run, and it does not prepare tables to look at them. */
  async #execute(query: SQL, what: string): Promise<readonly ResultRow[]> {
    try {
      return await this.#session.execute(query, { what })
    } catch (cause) {
      if (!(cause instanceof ConfigError) || cause.code !== 'column-missing') throw cause
      throw unpreparedState(this.#where, cause)
    }
  }

  #upsert(rows: readonly LetterRow[]): SQL {
    const column = (of: (row: LetterRow) => string | number | null): SQL => sql`${sql.param(rows.map(of))}`
    const optional = (text: string | undefined): string | null => (text === undefined ? null : withoutNul(text))
    return sql`
      insert into ${this.#table} as known
        (item_hash, flow, item_key, lane, stage, code, reason, payload, encoding, headers, origin, position, attempts, state)
      select * from unnest(${column((row) => row.itemHash)}::text[], ${column(({ letter }) => letter.flow)}::text[],
        ${column(({ letter }) => withoutNul(letter.itemKey))}::text[],
        ${column(({ letter }) => withoutNul(letter.lane))}::text[], ${column(({ letter }) => letter.stage)}::text[],
        ${column(({ letter }) => withoutNul(letter.code))}::text[],
        ${column(({ letter }) => withoutNul(letter.reason))}::text[],
        ${column((row) => row.payload)}::text[], ${column((row) => row.encoding)}::text[],
        ${column((row) => row.headers)}::text[], ${column(({ letter }) => optional(letter.origin))}::text[],
        ${column(({ letter }) => optional(letter.position))}::text[], ${column(({ letter }) => letter.attempts)}::int[],
        ${column(({ letter }) => (letter.held ? 'held' : 'dead'))}::text[])
      on conflict (flow, item_hash) do update set lane = excluded.lane, stage = excluded.stage, code = excluded.code,
        reason = excluded.reason, payload = excluded.payload, encoding = excluded.encoding, headers = excluded.headers,
        origin = excluded.origin, position = excluded.position, state = excluded.state, last_at = now(),
        attempts = least(known.attempts::bigint + excluded.attempts, 2147483647)::int`
  }
}

function conditions(filter: LetterFilter): SQL[] {
  const { ids, codes, stages, states = WAITING_STATES, since, until } = filter
  const oneOf = (column: SQL, texts: readonly string[] | undefined): SQL[] =>
    texts === undefined ? [] : [sql`${column} = any (${sql.param([...texts])}::text[])`]
  return [
    ...oneOf(sql`state`, states),
    ...oneOf(sql`id`, ids),
    ...oneOf(sql`code`, codes),
    ...oneOf(sql`stage`, stages),
    ...(since === undefined ? [] : [sql`last_at >= ${since}::timestamptz`]),
    ...(until === undefined ? [] : [sql`last_at < ${until}::timestamptz`]),
  ]
}

/** With all six digits, as pages go on from this very moment. */
function iso(column: SQL): SQL {
  return sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}
