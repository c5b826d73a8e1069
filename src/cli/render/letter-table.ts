import type { StoredLetter } from '../../core/dead-letter.js'
import { type Column, columns } from './columns.js'
import { ago, count, cut, visible } from './format.js'
import type { Paint } from './paint.js'

/** What a list may tell of a letter: not what is in it. */
export type ListedLetter = Omit<StoredLetter, 'payload' | 'encoding' | 'headers' | 'origin'>

export interface LetterTableOptions {
  readonly nowMs: number
  readonly width: number
  readonly paint: Paint
}

const HEADS: readonly Column[] = [
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'STAGE' },
  { title: 'CODE', cuttable: true },
  { title: 'LAST', align: 'right' },
  { title: 'TRIES', align: 'right' },
]
const REASON: Column = { title: 'REASON', cuttable: true }
/** From this width on there is room for the reason in the same line. */
const WIDE = 110

/** One line per letter, and its reason beside or below it; the flow is named when there are several. */
export function renderLetters(letters: readonly ListedLetter[], options: LetterTableOptions): string {
  const { nowMs, width, paint } = options
  const wide = width >= WIDE
  const several = new Set(letters.map(({ flow }) => flow)).size > 1
  const rows = letters.map((letter) => [
    ...(several ? [{ text: letter.flow, colour: paint.bold }] : []),
    { text: letter.id },
    { text: letter.state, colour: colourOf(letter.state, paint) },
    { text: letter.stage },
    { text: visible(letter.code) },
    { text: ago(Math.max(0, nowMs - Date.parse(letter.lastAt))) },
    { text: count(letter.attempts) },
    ...(wide ? [{ text: visible(letter.reason), colour: paint.dim }] : []),
  ])
  const flow = several ? [{ title: 'FLOW', cuttable: true }] : []
  const heads = [...flow, ...HEADS, ...(wide ? [REASON] : [])]
  const [head = '', ...lines] = columns(heads, rows, { dim: paint.dim, width })
  if (wide) return [head, ...lines].join('\n')
  const below = letters.map(({ reason }) => `  ${paint.dim(cut(visible(reason), width - 2))}`)
  return [head, ...lines.flatMap((line, index) => [line, below[index] ?? ''])].join('\n')
}

export function colourOf(state: StoredLetter['state'], paint: Paint): (text: string) => string {
  return { dead: paint.red, held: paint.yellow, replayed: paint.green, discarded: paint.dim }[state]
}
