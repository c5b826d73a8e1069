import type { Difference } from '../../core/difference.js'
import type { Row } from '../../core/table.js'
import { cut, visible } from './format.js'
import type { Paint } from './paint.js'

export interface DifferenceOptions {
  readonly columns: readonly string[]
  readonly keyColumns: readonly string[]
  readonly width: number
  readonly paint: Paint
}

const HEADINGS: Readonly<Record<Difference['kind'], string>> = {
  'missing-left': 'only right',
  'missing-right': 'only left',
  changed: 'changed',
  unstable: 'unstable',
  copies: 'copies',
}

/** Each difference with its two rows side by side, one line per column; cells that differ are marked `!=`. */
export function renderDifferences(differences: readonly Difference[], options: DifferenceOptions): string {
  return differences.map((difference) => renderDifference(difference, options)).join('\n\n')
}

function renderDifference(difference: Difference, options: DifferenceOptions): string {
  const { paint, columns, width } = options
  const key = options.keyColumns.map((name, index) => `${visible(name)}=${cell(difference.key[index])}`).join(' ')
  const copies = difference.kind === 'copies' ? `left ${difference.copies.left}, right ${difference.copies.right}` : ''
  const head = `${paint.bold(HEADINGS[difference.kind].padEnd(10))} ${cut(copies === '' ? key : copies, width - 11)}`
  const names = columns.map((name) => cut(visible(name), 24))
  const nameWidth = Math.max(0, ...names.map((name) => [...name].length))
  const cellWidth = Math.max(8, Math.floor((width - nameWidth - 8) / 2))
  const lines = names.map((name, index) => {
    const differs = cellsDiffer(difference, index)
    const whole = [sideCell(leftOf(difference), index), sideCell(rightOf(difference), index)] as const
    const from = differs ? firstShown(whole, cellWidth) : 0
    const [left, right] = whole.map((text) => cut(from === 0 ? text : `…${[...text].slice(from).join('')}`, cellWidth))
    const mark = differs ? paint.red('!=') : '  '
    const colour = differs ? paint.red : paint.dim
    return `  ${pad(name, nameWidth)}  ${colour(pad(left ?? '', cellWidth))} ${mark} ${colour(right ?? '')}`.trimEnd()
  })
  return [head, ...lines].join('\n')
}

/** Where to begin so that the first character that differs is seen: 0 unless it lies beyond the cell. */
function firstShown([left, right]: readonly [string, string], width: number): number {
  const others = [...right]
  const first = [...left].findIndex((character, index) => character !== others[index])
  const differsAt = first === -1 ? [...left].length : first
  return differsAt < width - 1 ? 0 : differsAt - Math.floor(width / 2)
}

function leftOf(difference: Difference): Row | undefined {
  return difference.kind === 'missing-left' ? undefined : difference.left
}

function rightOf(difference: Difference): Row | undefined {
  return difference.kind === 'missing-right' ? undefined : difference.right
}

/** Whole values are compared: two long ones may look equal once they are cut to cut. */
function cellsDiffer(difference: Difference, index: number): boolean {
  const left = leftOf(difference)
  const right = rightOf(difference)
  return left !== undefined && right !== undefined && left[index] !== right[index]
}

function sideCell(row: Row | undefined, index: number): string {
  if (row === undefined) return index === 0 ? '(no row)' : ''
  return cell(row[index])
}

function cell(value: string | null | undefined): string {
  if (value === null || value === undefined) return 'NULL'
  return value === '' ? "''" : visible(value)
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length))
}
