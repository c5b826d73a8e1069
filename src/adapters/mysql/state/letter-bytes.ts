import type { DeadLetter } from '../../../core/dead-letter.js'
import type { LetterRow } from '../../sql/letter-rows.js'

const CHUNK_ROWS = 500
/** Of a statement: names, hashes, and what else is not the payload. */
const OVERHEAD_BYTES = 64 * 1024
/** A character takes three bytes at most per UTF-16 unit, or two when it is escaped; as JSON (`letterRows`) up to six. */
const BYTES_PER_CHARACTER = 6

/** The letter with as much of its payload as surely fits a statement of this server (`max_allowed_packet`). */
export function fitting(letter: DeadLetter, maxPacketBytes: number): DeadLetter {
  const { payload } = letter
  const room = Math.max(1024, maxPacketBytes - OVERHEAD_BYTES)
  if (payload.length * BYTES_PER_CHARACTER <= room || statementBytes(payload) <= room) return letter
  const kept = Math.floor(room / BYTES_PER_CHARACTER)
  const reason = `${letter.reason} (only the first ${kept} of ${payload.length} characters were kept: max_allowed_packet)`
  return { ...letter, payload: payload.slice(0, kept), reason }
}

/** Chunks that fit a statement each. */
export function byBytes(rows: readonly LetterRow[], maxPacketBytes: number): readonly (readonly LetterRow[])[] {
  const room = maxPacketBytes - OVERHEAD_BYTES
  const chunks: LetterRow[][] = []
  let bytes = 0
  for (const row of rows) {
    const size = rowBytes(row)
    const last = chunks.at(-1)
    bytes += size
    if (last !== undefined && bytes <= room && last.length < CHUNK_ROWS) last.push(row)
    else {
      chunks.push([row])
      bytes = size
    }
  }
  return chunks
}

function rowBytes({ letter, payload, headers }: LetterRow): number {
  const { flow, itemKey, lane, code, reason, origin = '', position = '' } = letter
  const rest = [flow, itemKey, lane, code, reason, origin, position, headers]
  return 512 + statementBytes(payload) + rest.reduce((sum, text) => sum + 2 * Buffer.byteLength(text), 0)
}

/** At most: each byte may be escaped. */
function statementBytes(text: string): number {
  return 2 * Buffer.byteLength(text)
}
