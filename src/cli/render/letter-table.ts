import type { StoredLetter } from '../../core/dead-letter.js'
import { type Column, columns } from './columns.js'
import { ago, count, visible } from './format.js'
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
  { title: 'CODE' },
  { title: 'LAST', align: 'right' },
  { title: 'TRIES', align: 'right' },
  { title: 'REASON', cuttable: true },
]

/** One line per letter; the flow is named when there are several. */
export function renderLetters(letters: readonly ListedLetter[], options: LetterTableOptions): string {
  const { nowMs, width, paint } = options
  const several = new Set(letters.map(({ flow }) => flow)).size > 1
  const rows = letters.map((letter) => [
    ...(several ? [{ text: letter.flow, colour: paint.bold }] : []),
    { text: letter.id },
    { text: letter.state, colour: colourOf(letter.state, paint) },
    { text: letter.stage },
    { text: visible(letter.code) },
    { text: ago(Math.max(0, nowMs - Date.parse(letter.lastAt))) },
    { text: count(letter.attempts) },
    { text: visible(letter.reason), colour: paint.dim },
  ])
  const heads = several ? [{ title: 'FLOW' }, ...HEADS] : HEADS
  return columns(heads, rows, { dim: paint.dim, width }).join('\n')
}

export function colourOf(state: StoredLetter['state'], paint: Paint): (text: string) => string {
  return { dead: paint.red, held: paint.yellow, replayed: paint.green, discarded: paint.dim }[state]
}
