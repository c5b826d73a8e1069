import { z } from '@hono/zod-openapi'
import type { ConflictEntry, Discard, Letter, LetterChoice, LetterDetail, Replay } from '../../client/wire/letters.js'
import { LETTER_STAGES, LETTER_STATES } from '../../core/dead-letter.js'
import { MAX_PAGE, paged } from './page-schemas.js'

const count = z.number().int().min(0)
const time = z.string().openapi({ format: 'date-time' })
const values = z.array(z.string().nullable())

const Listed = z.object({
  flow: z.string(),
  id: z.string(),
  store: z.string(),
  state: z.enum(LETTER_STATES),
  stage: z.enum(LETTER_STAGES),
  code: z.string(),
  reason: z.string(),
  itemKey: z.string(),
  lane: z.string(),
  position: z.string().nullable(),
  attempts: count,
  firstAt: time,
  lastAt: time,
})

export const LetterSchema: z.ZodType<Letter> = Listed.openapi('Letter')
export const LetterPageSchema = paged('LetterPage', LetterSchema)
export const LetterDetailSchema: z.ZodType<LetterDetail> = Listed.extend({
  payload: z.string(),
  encoding: z.enum(['text', 'base64']),
  payloadCharacters: count,
  headers: z.record(z.string(), z.string()),
  origin: z.string().nullable(),
}).openapi('LetterDetail')

const codes = z.array(z.string().min(1).max(200)).max(100)
const stages = z.array(z.enum(LETTER_STAGES)).max(LETTER_STAGES.length)
const moment = z.iso.datetime({ offset: true })

/** Repeated, or with commas: `code=a,b&code=c`. */
function listOf<Item>(items: z.ZodType<Item[]>): z.ZodType<Item[] | undefined> {
  return z
    .preprocess((value) => {
      if (value === undefined) return undefined
      const parts: unknown[] = Array.isArray(value) ? value : [value]
      return parts.flatMap((part) => (typeof part === 'string' ? part.split(',') : [part]))
    }, items.optional())
    .openapi({ type: 'array', items: { type: 'string' } })
}

export const LetterQuerySchema = z.object({
  code: listOf(codes),
  stage: listOf(stages),
  state: listOf(z.array(z.enum(LETTER_STATES)).max(LETTER_STATES.length)),
  since: moment.optional(),
  until: moment.optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
  cursor: z.string().max(2_000).optional(),
})

export const LetterChoiceSchema: z.ZodType<LetterChoice> = z
  .strictObject({
    ids: z.array(z.string().min(1).max(100)).min(1).max(1_000).optional(),
    code: codes.optional(),
    stage: stages.optional(),
    since: moment.optional(),
    until: moment.optional(),
    all: z.boolean().optional(),
  })
  .openapi('LetterChoice')

export const ReplaySchema: z.ZodType<Replay> = z
  .object({ done: z.boolean(), letters: count, replayed: count, failed: count })
  .openapi('Replay')

export const DiscardSchema: z.ZodType<Discard> = z.object({ letters: count, discarded: count }).openapi('Discard')

export const ConflictSchema: z.ZodType<ConflictEntry> = z
  .object({
    id: z.string(),
    database: z.string(),
    flow: z.string(),
    table: z.string(),
    key: values,
    incoming: values,
    existing: values,
    decision: z.enum(['kept-both', 'kept-existing', 'took-incoming']),
    times: count,
    firstAt: time,
    lastAt: time,
  })
  .openapi('Conflict')
export const ConflictPageSchema = paged('ConflictPage', ConflictSchema)
