import { z } from 'zod'
import { LETTER_STAGES, LETTER_STATES, type LetterState, type StoredLetter } from '../../core/dead-letter.js'
import { restoreHeaders, restorePayload } from './letter-rows.js'

/** Letters of a page, unless the caller says otherwise. */
export const LETTER_PAGE = 100

/** States of the letters that somebody still has to look at. */
export const WAITING_STATES: readonly LetterState[] = ['dead', 'held']

const Stored = z.object({
  id: z.string(),
  flow: z.string(),
  itemKey: z.string(),
  lane: z.string(),
  stage: z.enum(LETTER_STAGES),
  code: z.string(),
  reason: z.string(),
  payload: z.string(),
  encoding: z.enum(['text', 'base64', 'json']),
  headers: z.string().transform(restoreHeaders),
  origin: z.string().nullable(),
  position: z.string().nullable(),
  attempts: z.coerce.number(),
  state: z.enum(LETTER_STATES),
  firstAt: z.string(),
  lastAt: z.string(),
})

/** The letter in a row whose columns are selected under the names of `StoredLetter`. */
export function storedLetter(row: unknown): StoredLetter {
  const stored = Stored.parse(row)
  return {
    ...stored,
    ...restorePayload(stored),
    origin: stored.origin ?? undefined,
    position: stored.position ?? undefined,
    held: stored.state === 'held',
  }
}
