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
import { LETTER_ID_LENGTH, type LetterRow, letterRows, withoutNul } from '../../sql/letter-rows.js'
import { LETTER_PAGE, storedLetter, WAITING_STATES } from '../../sql/stored-letter.js'
import { rowAlias } from '../session/row-alias.js'
import type { Session } from '../session/session.js'
import { byBytes, fitting } from './letter-bytes.js'
import { isoMoment, mysqlMoment } from './moments.js'
import { keyHash, type StateDialect, type StatePlace, stateTable } from './state-schema.js'

const NOTHING = sql`false`

const Count = z.tuple([z.object({ count: z.coerce.number() })])
/** `DeadLetterStore` on the table `lockstep_dead_letters`. */
export class MysqlDeadLetters implements DeadLetterStore {
  readonly label: string
  readonly #session: Session
  readonly #table: SQL
  readonly #dialect: StateDialect

  constructor(session: Session, place: StatePlace, dialect: StateDialect) {
    this.label = `${place.label} lockstep_dead_letters`
    this.#session = session
    this.#table = stateTable(place, 'dead_letters')
    this.#dialect = dialect
  }

  async store(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    const { dialect, maxPacketBytes } = await this.#dialect()
    const rows = letterRows(letters.map((letter) => fitting(letter, maxPacketBytes))).flat()
    const replace = this.#replacing(rowAlias(dialect))
    const what = 'storing dead letters'
    await this.#session.transaction(
      async (transaction) => {
        for (const chunk of byBytes(rows, maxPacketBytes)) {
          const values = sql.join(chunk.map(insertion), sql`, `)
          await transaction.change(sql`insert into ${this.#table} (${COLUMNS}) values ${values} ${replace}`)
        }
      },
      { what },
    )
  }

  async count(flow: string, states: readonly LetterState[] = WAITING_STATES): Promise<number> {
    const query = sql`select count(*) as count from ${this.#table}
      where flow_hash = ${keyHash(flow)} and ${oneOf(sql`state`, states)}`
    const [{ count }] = Count.parse(await this.#session.execute(query, { what: 'counting dead letters' }))
    return count
  }

  async list(flow: string, filter: LetterFilter = {}, page: LetterPage = {}): Promise<readonly StoredLetter[]> {
    const { limit = LETTER_PAGE, after } = page
    const where = conditions(filter)
    if (after !== undefined) {
      const at = mysqlMoment(after.firstAt)
      where.push(sql`(first_at > ${at} or (first_at = ${at} and id > ${after.id}))`)
    }
    const query = sql`
      select id, flow, item_key as itemKey, lane, stage, code, reason, payload, encoding, headers, origin, position,
        attempts, state, ${isoMoment(sql`first_at`)} as firstAt, ${isoMoment(sql`last_at`)} as lastAt
      from ${this.#table} where flow_hash = ${keyHash(flow)} and ${sql.join(where, sql` and `)}
      order by first_at, id limit ${limit}`
    const rows = await this.#session.execute(query, { what: 'listing dead letters' })
    return rows.map(storedLetter)
  }

  async mark(
    flow: string,
    letters: readonly Pick<StoredLetter, 'id' | 'attempts'>[],
    state: 'replayed' | 'discarded',
  ): Promise<number> {
    if (letters.length === 0) return 0
    const known = letters.map(({ id, attempts }) => sql`(id = ${id} and attempts = ${attempts})`)
    const query = sql`update ${this.#table} set state = ${state}
      where flow_hash = ${keyHash(flow)} and (${sql.join(known, sql` or `)})`
    return this.#session.change(query, { what: 'marking dead letters' })
  }

  #replacing({ clause, incoming }: ReturnType<typeof rowAlias>): SQL {
    const replaced = REPLACED.map((name) => `${name} = ${incoming(name)}`).join(', ')
    return sql`${sql.raw(clause)} on duplicate key update ${sql.raw(replaced)},
      attempts = least(cast(${this.#table}.attempts as signed) + ${sql.raw(incoming('attempts'))}, 2147483647)`
  }
}

const COLUMNS = sql.raw(
  'flow_hash, item_hash, id, flow, item_key, lane, stage, code, reason, payload, encoding, headers, origin, position, attempts, state, first_at, last_at',
)
const REPLACED = 'lane stage code reason payload encoding headers origin position state last_at'.split(' ')

function insertion({ itemHash, letter, payload, encoding, headers }: LetterRow): SQL {
  const optional = (text: string | undefined): string | null => (text === undefined ? null : withoutNul(text))
  return sql`(${keyHash(letter.flow)}, ${itemHash}, ${itemHash.slice(0, LETTER_ID_LENGTH)}, ${letter.flow},
    ${withoutNul(letter.itemKey)}, ${withoutNul(letter.lane)}, ${letter.stage}, ${withoutNul(letter.code)},
    ${withoutNul(letter.reason)}, ${payload}, ${encoding}, ${headers}, ${optional(letter.origin)},
    ${optional(letter.position)}, ${letter.attempts}, ${letter.held ? 'held' : 'dead'}, utc_timestamp(6), utc_timestamp(6))`
}

function conditions(filter: LetterFilter): SQL[] {
  const { ids, codes, stages, states = WAITING_STATES, since, until } = filter
  const given = (column: SQL, texts: readonly string[] | undefined): SQL[] =>
    texts === undefined ? [] : [oneOf(column, texts)]
  return [
    oneOf(sql`state`, states),
    ...given(sql`id`, ids),
    ...given(sql`code`, codes),
    ...given(sql`stage`, stages),
    ...(since === undefined ? [] : [sql`last_at >= ${mysqlMoment(since)}`]),
    ...(until === undefined ? [] : [sql`last_at < ${mysqlMoment(until)}`]),
  ]
}

function oneOf(column: SQL, texts: readonly string[]): SQL {
  if (texts.length === 0) return NOTHING
  const list = texts.map((text) => sql`${text}`)
  return sql`${column} in (${sql.join(list, sql`, `)})`
}
