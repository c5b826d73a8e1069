import { createHash } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { DeadLetter, DeadLetterStore } from '../../../core/dead-letter.js'
import type { Session } from '../session/session.js'
import { stateTable } from './state-schema.js'

const Count = z.object({ count: z.coerce.number() })

export class PostgresDeadLetters implements DeadLetterStore {
  readonly #session: Session
  readonly #table: SQL

  constructor(session: Session, schema: string) {
    this.#session = session
    this.#table = stateTable(schema, 'dead_letters')
  }

  async store(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    // One statement may not replace a row twice, so the last letter of an item stands for all.
    const last = [...new Map(letters.map((letter) => [hash(letter), letter]))]
    const of = (field: (letter: DeadLetter) => string | number | null): SQL =>
      sql`${sql.param(last.map(([, letter]) => field(letter)))}`
    const query = sql`
      insert into ${this.#table} (item_hash, flow, item_key, lane, stage, code, reason, payload, position, attempts)
      select * from unnest(${sql.param(last.map(([key]) => key))}::text[], ${of((l) => l.flow)}::text[],
        ${of((l) => text(l.itemKey))}::text[], ${of((l) => text(l.lane))}::text[], ${of((l) => l.stage)}::text[],
        ${of((l) => text(l.code))}::text[], ${of((l) => text(l.reason))}::text[], ${of((l) => text(l.payload))}::text[],
        ${of((l) => (l.position === undefined ? null : text(l.position)))}::text[], ${of((l) => l.attempts)}::int[])
      order by 1, 2
      on conflict (flow, item_hash) do update set lane = excluded.lane, stage = excluded.stage, code = excluded.code,
        reason = excluded.reason, payload = excluded.payload, position = excluded.position,
        attempts = excluded.attempts, stored_at = now()`
    await this.#session.execute(query, { what: 'storing dead letters' })
  }

  async count(flow: string): Promise<number> {
    const query = sql`select count(*)::text as count from ${this.#table} where flow = ${flow}`
    const [row] = await this.#session.execute(query, { what: 'counting dead letters' })
    return Count.parse(row).count
  }
}

function hash(letter: DeadLetter): string {
  return createHash('sha256')
    .update(JSON.stringify([letter.flow, letter.itemKey]))
    .digest('hex')
}

/** PostgreSQL keeps no NUL in text; a letter must be storable whatever is in it. */
function text(value: string): string {
  return value.replaceAll('\0', '\u2400')
}
