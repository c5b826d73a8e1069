import { count, span } from '../../render/format.js'
import type { Paint } from '../../render/paint.js'
import type { Live } from '../board.js'

/** How a round stands, at this moment. */
export interface SyncFigures {
  readonly left: number
  readonly right: number
  /** Rows the load has put in, and those it will put in; `undefined`: it runs for a time. */
  readonly loaded: number
  readonly wanted: number | undefined
  readonly loadRowsPerSecond: number
  readonly syncRowsPerSecond: number
  readonly lagP50Ms: number | undefined
  readonly lagP99Ms: number | undefined
  /** What the round waits for, in a word or two. */
  readonly phase: 'loading' | 'catching up'
}

const LABEL = 10
const FIGURE = 14

/** The live part of the screen while both processes work. */
export function syncView(paint: Paint, look: () => SyncFigures): Live {
  return {
    view: (width) => render(look(), paint, width),
    line: () => {
      const figures = look()
      return [
        `${figures.phase}: left ${count(figures.left)}, right ${count(figures.right)} rows`,
        `load ${count(figures.loadRowsPerSecond)}/s, sync ${count(figures.syncRowsPerSecond)}/s`,
        lag(figures),
      ].join('; ')
    },
  }
}

function render(figures: SyncFigures, paint: Paint, width: number): string {
  const label = (text: string): string => `  ${paint.dim(text.padEnd(LABEL))}`
  const figure = (value: number | string): string => (typeof value === 'string' ? value : count(value)).padStart(FIGURE)
  const total = figures.wanted === undefined ? '' : ` of ${count(figures.wanted)}`
  return [
    '',
    `${label('')}${paint.dim(figure('left'))}${paint.dim(figure('right'))}`,
    `${label('rows')}${paint.bold(figure(figures.left))}${paint.bold(figure(figures.right))}`,
    '',
    `${label('load')}${figure(figures.loadRowsPerSecond)} rows/s`,
    `${label('sync')}${figure(figures.syncRowsPerSecond)} rows/s`,
    `${label('lag')}${lag(figures).slice('lag '.length)}`,
    '',
    `  ${bar(figures, paint, Math.min(40, width - 40))}  ${count(figures.loaded)}${total} rows loaded${figures.phase === 'loading' ? '' : `, ${figures.phase}`}`,
  ].join('\n')
}

function lag({ lagP50Ms, lagP99Ms }: SyncFigures): string {
  if (lagP50Ms === undefined || lagP99Ms === undefined) return 'lag not yet known'
  return `lag p50 ${span(lagP50Ms)}, p99 ${span(lagP99Ms)}`
}

function bar({ loaded, wanted }: SyncFigures, paint: Paint, width: number): string {
  if (wanted === undefined || width < 10) return ''
  const full = Math.min(width, Math.round((loaded / wanted) * width))
  return paint.cyan('━'.repeat(full)) + paint.dim('━'.repeat(width - full))
}
