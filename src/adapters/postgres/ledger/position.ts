import { z } from 'zod'
import type { Position } from '../../../core/batch.js'

/** What a ledger saves, as JSON text. */
const Saved = z.object({
  v: z.literal(1),
  /** Server and database, the table in it, and where the table's rows lie. */
  identity: z.string(),
  oid: z.string(),
  filenode: z.string(),
  floor: z.number(),
  /** Transactions that were open below this id are not waited for; a comparison is due when they have ended. */
  letGo: z.number().optional(),
  done: z.array(z.tuple([z.number(), z.number()])),
})

export type SavedLedger = z.infer<typeof Saved>

export function writePosition(saved: Omit<SavedLedger, 'v'>): Position {
  return JSON.stringify({ v: 1, ...saved })
}

/** `undefined` for text that this version cannot read: the ledger then starts over, which costs time only. */
export function readPosition(position: Position | undefined): SavedLedger | undefined {
  if (position === undefined) return undefined
  try {
    return Saved.parse(JSON.parse(position))
  } catch {
    return undefined
  }
}
