import type { UpsertOptions } from '../../core/upsert.js'

export type InvalidText = NonNullable<UpsertOptions['invalidText']>

/** NUL, and half of a surrogate pair: what databases refuse, or what UTF-8 replaces in silence. */
const INVALID = /[\0\p{Surrogate}]/u
const EACH_INVALID = /[\0\p{Surrogate}]/gu

/** Cheap also for the joined text of many values, so ask that first. */
export function isCleanText(text: string): boolean {
  return !INVALID.test(text)
}

/** The text as the database can hold it; `undefined`: it cannot, and is to be refused. */
export function cleanText(text: string, invalidText: InvalidText): string | undefined {
  if (isCleanText(text)) return text
  if (invalidText === 'reject') return undefined
  return text.replaceAll(EACH_INVALID, (character) => (invalidText === 'strip' ? '' : escaped(character)))
}

/** A JSON escape that stands for what `cleanText` is about. */
const SUSPECT = /\\u(?:0000|d[89a-f])/i
/** One escape, or a whole pair of them. */
const ESCAPES = /\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|u([0-9a-f]{4})|[^u])/gi

export function isCleanJson(json: string): boolean {
  return !SUSPECT.test(json) && isCleanText(json)
}

/**
 * The same for the strings within a JSON text, where `JSON.stringify` has written these characters as escapes.
 * (`jsonb` of PostgreSQL refuses them; its `json` and that of others hold them.)
 */
export function cleanJson(json: string, invalidText: InvalidText): string | undefined {
  const text = cleanText(json, invalidText === 'escape' ? 'strip' : invalidText)
  if (text === undefined || !SUSPECT.test(text)) return text
  let refused = false
  const clean = text.replaceAll(ESCAPES, (found: string, unit?: string) => {
    if (unit === undefined || !/^(?:0000|d[89a-f])/i.test(unit)) return found
    refused = true
    return invalidText === 'strip' ? '' : `\\${found}`
  })
  return refused && invalidText === 'reject' ? undefined : clean
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
