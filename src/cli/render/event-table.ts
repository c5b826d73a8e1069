import type { LoggedEvent } from '../../core/event-log.js'
import { type Column, columns } from './columns.js'
import { ago, count, visible } from './format.js'
import type { Paint } from './paint.js'

export interface EventTableOptions {
  readonly nowMs: number
  readonly width: number
  readonly paint: Paint
}

const HEADS: readonly Column[] = [
  { title: 'LAST', align: 'right' },
  { title: 'FLOW', cuttable: true },
  { title: 'EVENT' },
  { title: 'TIMES', align: 'right' },
  { title: 'CODE', cuttable: true },
  { title: 'MESSAGE', cuttable: true },
]

/** One line per event. */
export function renderEvents(events: readonly LoggedEvent[], { nowMs, width, paint }: EventTableOptions): string {
  const colourOf = { info: paint.dim, warn: paint.yellow, error: paint.red }
  const rows = events.map((event) => [
    { text: ago(Math.max(0, nowMs - Date.parse(event.lastAt))) },
    { text: event.flow, colour: paint.bold },
    { text: event.event, colour: colourOf[event.level] },
    { text: count(event.times) },
    { text: visible(event.code ?? '') },
    { text: visible(event.message) },
  ])
  return columns(HEADS, rows, { dim: paint.dim, width }).join('\n')
}
