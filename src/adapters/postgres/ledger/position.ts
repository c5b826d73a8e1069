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

/**
 * What holds for several lanes of keys at once, each of which has saved a ledger of the same table: the least that they
 * have in common. What is left out is read once more.
 */
export function together(first: SavedLedger, ...others: readonly SavedLedger[]): SavedLedger {
  if (others.length === 0) return first
  const all = [first, ...others]
  const known = all.map(({ floor, done }) => ({ floor, pages: new Map(done) }))
  const sameFile = all.every(({ filenode }) => filenode === first.filenode)
  const pageOf = (xid: number): number =>
    Math.max(...known.map(({ floor, pages }) => (xid < floor ? 0 : (pages.get(xid) ?? Number.POSITIVE_INFINITY))))
  const done = [...new Set(all.flatMap((one) => one.done.map(([xid]) => xid)))]
    .map((xid): [number, number] => [xid, pageOf(xid)])
    // Pages of another file say nothing.
    .filter(([, page]) => page === 0 || (sameFile && page < Number.POSITIVE_INFINITY))
  const letGo = all.flatMap((one) => one.letGo ?? [])
  return {
    ...first,
    floor: Math.min(...all.map(({ floor }) => floor)),
    ...(letGo.length > 0 && { letGo: Math.max(...letGo) }),
    done,
  }
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
