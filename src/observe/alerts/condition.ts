import { z } from 'zod'
import type { AlertPolicy } from './rules.js'

/** Something that is wrong with a flow, and how far people have been told. Moments are ms since 1970. */
export interface Condition {
  readonly since: number
  readonly message: string
  readonly count?: number | undefined
  /** Found in a sample, so that an equal sample is an answer to it. */
  readonly sampled?: boolean | undefined
  /** It is well again since; told once this has lasted. */
  readonly wellAt?: number | undefined
  /** Messages that told of it. */
  readonly told: number
  readonly toldAt?: number | undefined
  /** An instance is about to tell; the others leave it to that one for a while. */
  readonly claimedAt?: number | undefined
}

/** So long a claim counts: whoever made it may have died. Longer than a delivery is tried. */
export const CLAIM_MS = 120_000

export type Telling = 'raised' | 'repeated' | 'resolved'

/** What is to be told next, and when; `forget`: that nobody heard of it and it is over. */
export function nextStep(
  condition: Condition,
  { settleMs, repeat }: { readonly settleMs: number; readonly repeat: AlertPolicy['repeat'] },
): { readonly at: number; readonly what: Telling | 'forget' } {
  const { since, wellAt, told, toldAt = since, claimedAt } = condition
  const free = claimedAt === undefined ? 0 : claimedAt + CLAIM_MS
  if (wellAt !== undefined && (told > 0 || settleMs === 0)) {
    return { at: Math.max(wellAt + settleMs, free), what: told > 0 ? 'resolved' : 'forget' }
  }
  if (told === 0) return { at: Math.max(since, free), what: 'raised' }
  return { at: Math.max(toldAt + gapMs(told, repeat), free), what: 'repeated' }
}

/** 1 h, 2 h, 4 h, ... */
function gapMs(told: number, { firstMs, maxMs }: AlertPolicy['repeat']): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(told - 1, 30))
}

const Shape = z.object({
  since: z.number(),
  message: z.string(),
  count: z.number().optional(),
  sampled: z.boolean().optional(),
  wellAt: z.number().optional(),
  told: z.number().int().min(0),
  toldAt: z.number().optional(),
  claimedAt: z.number().optional(),
})

/** As a position of a checkpoint. */
export function conditionText(condition: Condition | undefined): string {
  return JSON.stringify({ version: 1, condition: condition ?? null })
}

/** `undefined`: there is none, or it was written by another release in a form that is not known here. */
export function conditionOf(text: string | undefined): Condition | undefined {
  if (text === undefined) return undefined
  const parsed = z.object({ version: z.literal(1), condition: Shape.nullable() }).safeParse(jsonOf(text))
  return parsed.success ? (parsed.data.condition ?? undefined) : undefined
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
