import type { StoredLetter } from '../../core/dead-letter.js'
import { ago, count, plural, visible } from './format.js'
import { hexDump } from './hex-dump.js'
import { colourOf } from './letter-table.js'
import type { Paint } from './paint.js'

/** Bytes of the payload that are shown unless all are asked for. */
const SHOWN_BYTES = 4 * 1024

export interface LetterSheetOptions {
  readonly nowMs: number
  readonly paint: Paint
  /** Label of the store it is in. */
  readonly store: string
  /** The whole payload, not only the first 4 KiB. */
  readonly full: boolean
}

/** All there is to know of a letter. Nothing in it can move the cursor or pass for a line of the sheet. */
export function renderLetter(letter: StoredLetter, options: LetterSheetOptions): string {
  const { paint, nowMs, store } = options
  const at = (iso: string): string => `${iso}  ${paint.dim(ago(Math.max(0, nowMs - Date.parse(iso))))}`
  const facts: readonly (readonly [name: string, text: string])[] = [
    ['flow', visible(letter.flow)],
    ['id', visible(letter.id)],
    ['state', colourOf(letter.state, paint)(letter.state)],
    ['stage', letter.stage],
    ['code', visible(letter.code)],
    ['reason', visible(letter.reason)],
    ['item', visible(letter.itemKey)],
    ['lane', visible(letter.lane)],
    ['position', letter.position === undefined ? paint.dim('none') : visible(letter.position)],
    ['attempts', count(letter.attempts)],
    ['first', at(letter.firstAt)],
    ['last', at(letter.lastAt)],
    ['kept in', visible(store)],
  ]
  return [
    ...facts.map(([name, text]) => `${paint.dim(name.padEnd(8))}  ${text}`),
    ...section(
      'headers',
      Object.entries(letter.headers).map(([name, text]) => `${visible(name)}: ${visible(text)}`),
      paint,
    ),
    ...section('origin', letter.origin === undefined ? [] : [visible(letter.origin)], paint),
    ...payload(letter, options),
  ].join('\n')
}

/** The payload's bytes, as the item had them. */
export function payloadBytes({ payload, encoding }: Pick<StoredLetter, 'payload' | 'encoding'>): Buffer {
  return Buffer.from(payload, encoding === 'base64' ? 'base64' : 'utf8')
}

function section(name: string, lines: readonly string[], paint: Paint): readonly string[] {
  return lines.length === 0 ? [] : ['', paint.dim(name), ...lines.map((line) => `  ${line}`)]
}

function payload(letter: StoredLetter, { paint, full }: LetterSheetOptions): readonly string[] {
  const bytes = payloadBytes(letter)
  const shown = full ? bytes : bytes.subarray(0, SHOWN_BYTES)
  const left = bytes.length - shown.length
  const title = `payload, ${plural(bytes.length, 'byte')}${letter.encoding === 'text' ? '' : ' that are no text'}`
  const lines = letter.encoding === 'text' ? textOf(shown).split('\n').map(visible) : hexDump(shown)
  const more = `... and ${plural(left, 'more byte')}: --full shows all, --payload writes them as they are`
  return [
    ...section(title, bytes.length === 0 ? [paint.dim('nothing')] : lines, paint),
    ...(left > 0 ? [paint.dim(more)] : []),
  ]
}

/** A character that was cut in two is left out. */
function textOf(bytes: Buffer): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true })
}
