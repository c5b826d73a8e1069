import type { InValue } from '@libsql/client'
import { z } from 'zod'
import type {
  DeadLetter,
  DeadLetterStore,
  LetterFilter,
  LetterPage,
  LetterState,
  StoredLetter,
} from '../../../core/dead-letter.js'
import { LETTER_ID_LENGTH, type LetterRow, letterRows, withoutNul } from '../../sql/letter-rows.js'
import { LETTER_PAGE, storedLetter, WAITING_STATES } from '../../sql/stored-letter.js'
import type { SqliteSession } from '../session/session.js'

const Count = z.tuple([z.object({ count: z.coerce.number() })])
const STORE = `insert into lockstep_dead_letters (flow, item_hash, id, item_key, lane, stage, code, reason, payload,
    encoding, headers, origin, position, attempts, state, first_at, last_at)
  values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16)
  on conflict do update set lane = excluded.lane, stage = excluded.stage, code = excluded.code, reason = excluded.reason,
    payload = excluded.payload, encoding = excluded.encoding, headers = excluded.headers, origin = excluded.origin,
    position = excluded.position, state = excluded.state, last_at = excluded.last_at,
    attempts = min(attempts + excluded.attempts, 2147483647)`

const LIST = `select id, flow, item_key as itemKey, lane, stage, code, reason, payload, encoding, headers, origin, position,
    attempts, state, first_at as firstAt, last_at as lastAt from lockstep_dead_letters where `

/** `DeadLetterStore` on the table `lockstep_dead_letters`. */
export class SqliteDeadLetters implements DeadLetterStore {
  readonly label: string
  readonly #session: SqliteSession

  constructor(session: SqliteSession, label: string) {
    this.label = `${label} lockstep_dead_letters`
    this.#session = session
  }

  async store(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    const options = { what: 'storing dead letters' }
    await this.#session.transaction(async (transaction) => {
      const now = new Date().toISOString()
      for (const row of letterRows(letters).flat()) await transaction.execute(STORE, [...insertion(row), now], options)
    }, options)
  }

  async count(flow: string, states: readonly LetterState[] = WAITING_STATES): Promise<number> {
    const where = conditions(flow, { states })
    const sql = `select count(*) as count from lockstep_dead_letters where ${where.sql}`
    const { rows } = await this.#session.execute(sql, where.args, { what: 'counting dead letters' })
    const [{ count }] = Count.parse(rows)
    return count
  }

  async list(flow: string, filter: LetterFilter = {}, page: LetterPage = {}): Promise<readonly StoredLetter[]> {
    const { limit = LETTER_PAGE, after } = page
    const where = conditions(flow, filter)
    const from = after === undefined ? '' : ' and (first_at, id) > (?, ?)'
    const start = after === undefined ? [] : [moment(after.firstAt), after.id]
    const sql = `${LIST}${where.sql}${from} order by first_at, id limit ?`
    const args = [...where.args, ...start, limit]
    const { rows } = await this.#session.execute(sql, args, { what: 'listing dead letters' })
    return rows.map(storedLetter)
  }

  async mark(
    flow: string,
    letters: readonly Pick<StoredLetter, 'id' | 'attempts'>[],
    state: 'replayed' | 'discarded',
  ): Promise<number> {
    if (letters.length === 0) return 0
    const known = JSON.stringify(letters.map(({ id, attempts }) => [id, attempts]))
    const sql = `update lockstep_dead_letters set state = ? where flow = ?
      and (id, attempts) in (select value ->> 0, value ->> 1 from json_each(?))`
    const { changed } = await this.#session.execute(sql, [state, flow, known], { what: 'marking dead letters' })
    return changed
  }
}

function insertion({ itemHash, letter, payload, encoding, headers }: LetterRow): readonly InValue[] {
  const optional = (text: string | undefined): string | null => (text === undefined ? null : withoutNul(text))
  return [
    letter.flow,
    itemHash,
    itemHash.slice(0, LETTER_ID_LENGTH),
    ...[letter.itemKey, letter.lane, letter.stage, letter.code, letter.reason].map(withoutNul),
    payload,
    encoding,
    headers,
    optional(letter.origin),
    optional(letter.position),
    BigInt(letter.attempts),
    letter.held ? 'held' : 'dead',
  ]
}

function conditions(flow: string, filter: LetterFilter): { readonly sql: string; readonly args: readonly InValue[] } {
  const { ids, codes, stages, states = WAITING_STATES, since, until } = filter
  const parts = ['flow = ?']
  const args: InValue[] = [flow]
  for (const [column, texts] of Object.entries({ state: states, id: ids, code: codes, stage: stages })) {
    if (texts === undefined) continue
    parts.push(`${column} in (select value from json_each(?))`)
    args.push(JSON.stringify(texts))
  }
  for (const [condition, iso] of Object.entries({ 'last_at >= ?': since, 'last_at < ?': until })) {
    if (iso === undefined) continue
    parts.push(condition)
    args.push(moment(iso))
  }
  return { sql: parts.join(' and '), args }
}

function moment(iso: string): string {
  return new Date(iso).toISOString()
}
