import { createHash } from 'node:crypto'
import type { DeadLetter } from '../../core/dead-letter.js'

/** A dead letter as the SQL state stores keep it in their table `dead_letters`. */
export interface LetterRow {
  /** SHA-256 of flow and item key: the key may be too long for an index. */
  readonly itemHash: string
  readonly letter: DeadLetter
  readonly payload: string
  /** `json`: the payload is text that the database cannot keep as it is, and stored as a JSON string. */
  readonly encoding: DeadLetter['encoding'] | 'json'
  /** JSON text. */
  readonly headers: string
}

/** What a letter's id is of its `itemHash`: short enough to be typed, long enough never to meet another in a flow. */
export const LETTER_ID_LENGTH = 16

/** No server takes a parameter of any length, and a letter must be storable whatever is in it. */
const MAX_PAYLOAD_CHARACTERS = 128 * 1024 * 1024
/** Of payloads in one statement. */
const CHUNK_CHARACTERS = 8 * 1024 * 1024
const CHUNK_ROWS = 1_000
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * The rows to upsert, in an order that all instances keep to, in chunks that fit a statement. One statement may not
 * replace a row twice, so the last letter of an item stands for all, with the attempts of all.
 */
export function letterRows(letters: readonly DeadLetter[]): readonly (readonly LetterRow[])[] {
  const rows = new Map<string, LetterRow>()
  for (const letter of letters) {
    const itemHash = hashOf(letter)
    const before = rows.get(itemHash)?.letter.attempts ?? 0
    rows.set(itemHash, rowOf(itemHash, { ...letter, attempts: before + letter.attempts }))
  }
  return chunks([...rows.values()].sort((a, b) => (a.itemHash < b.itemHash ? -1 : 1)))
}

/** The payload as it was stored first. */
export function restorePayload(row: { readonly payload: string; readonly encoding: LetterRow['encoding'] }): {
  readonly payload: string
  readonly encoding: DeadLetter['encoding']
} {
  const { payload, encoding } = row
  if (encoding !== 'json') return { payload, encoding }
  return { payload: String(JSON.parse(payload)), encoding: 'text' }
}

/** Headers may be named by anyone, so `__proto__` is a name like others. */
export function restoreHeaders(json: string): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(json)
  const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : []
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}

/** For what people read: databases keep no NUL in text, or not all of them do. */
export function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u2400')
}

function hashOf({ flow, itemKey }: DeadLetter): string {
  return createHash('sha256')
    .update(JSON.stringify([flow, itemKey]))
    .digest('hex')
}

function rowOf(itemHash: string, given: DeadLetter): LetterRow {
  const letter = cut(given)
  const asJson = letter.payload.includes('\0') || LONE_SURROGATE.test(letter.payload)
  return {
    itemHash,
    letter,
    payload: asJson ? JSON.stringify(letter.payload) : letter.payload,
    encoding: asJson ? 'json' : letter.encoding,
    headers: JSON.stringify(letter.headers),
  }
}

function cut(letter: DeadLetter): DeadLetter {
  const { length } = letter.payload
  if (length <= MAX_PAYLOAD_CHARACTERS) return letter
  const reason = `${letter.reason} (only the first ${MAX_PAYLOAD_CHARACTERS} of ${length} characters were kept)`
  return { ...letter, payload: letter.payload.slice(0, MAX_PAYLOAD_CHARACTERS), reason }
}

function chunks(rows: readonly LetterRow[]): readonly (readonly LetterRow[])[] {
  const all: LetterRow[][] = []
  let characters = 0
  for (const row of rows) {
    characters += row.payload.length
    const last = all.at(-1)
    if (last !== undefined && characters <= CHUNK_CHARACTERS && last.length < CHUNK_ROWS) last.push(row)
    else {
      all.push([row])
      characters = row.payload.length
    }
  }
  return all
}
