import type { Element } from './value-text.js'

/** An array as a parameter: its literal, or its binary format. */
export type ArrayParameter = string | Buffer

/**
 * The values of a column as one array literal. Work for the whole column at once where that will do: looking through
 * one joined text costs a tenth of looking through a thousand short ones.
 */
export function columnLiteral(elements: readonly Element[], facts: { nulls: boolean; special: boolean }): string {
  if (elements.length === 0) return '{}'
  if (!facts.nulls && !facts.special) return `{"${elements.join('","')}"}`
  let literal = ''
  for (const element of elements) literal += literal === '' ? quoted(element, facts) : `,${quoted(element, facts)}`
  return `{${literal}}`
}

function quoted(element: Element, { special }: { special: boolean }): string {
  if (element === null) return 'NULL'
  return special && typeof element === 'string' ? `"${element.replace(SPECIAL, '\\$&')}"` : `"${element}"`
}

const SPECIAL = /["\\]/g

/** Whether the text must be escaped within an array literal. */
export function isSpecial(text: string): boolean {
  return text.includes('"') || text.includes('\\')
}
