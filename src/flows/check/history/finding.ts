import type { ReferenceFinding } from '../../../core/check-report.js'
import type { CheckFinding, NumberFinding, RowFinding } from '../../../core/check-store.js'
import type { Difference } from '../../../core/difference.js'
import type { Row, TableSchema } from '../../../core/table.js'

/** What is kept of a long value. */
const CHARACTERS = 1_000

/** How rows of a comparison are read. */
export interface RowShape {
  readonly columns: readonly string[]
  /** The key of a row is the row itself. */
  readonly keyless: boolean
}

export function shapeOf({ columns, key }: TableSchema): RowShape {
  return { columns: columns.map(({ name }) => name), keyless: key.length === 0 }
}

/** Without the rows, unless they are to be kept. */
export function rowFinding(difference: Difference, { columns, keyless }: RowShape, keepRows: boolean): RowFinding {
  const { kind, key } = difference
  const { left, right } = sidesOf(difference)
  const both = left !== undefined && right !== undefined
  return {
    about: 'row',
    kind,
    key: keyless ? [] : key.map(cut),
    columns: both ? columns.filter((_, index) => left[index] !== right[index]) : [],
    ...(kind === 'copies' ? { copies: difference.copies } : {}),
    ...(keepRows && left !== undefined ? { left: left.map(cut) } : {}),
    ...(keepRows && right !== undefined ? { right: right.map(cut) } : {}),
  }
}

export function numberFinding({ kind, key, expected, stored, sources }: ReferenceFinding): NumberFinding {
  const bySource = sources.map(({ name, value }) => ({ name, value: cut(value) }))
  const numbers = { expected: cut(expected), stored: stored === undefined ? undefined : cut(stored) }
  return { about: 'number', kind, key: cut(key), ...numbers, sources: bySource }
}

/** Roughly, what it takes in memory. */
export function charactersOf(finding: CheckFinding): number {
  if (finding.about === 'number') return finding.key.length + finding.sources.length * 50
  const { key, left = [], right = [] } = finding
  return [...key, ...left, ...right].reduce((sum, value) => sum + (value?.length ?? 0) + 8, 100)
}

export function withoutRows(finding: CheckFinding): CheckFinding {
  if (finding.about === 'number') return finding
  const { left: _left, right: _right, ...rest } = finding
  return rest
}

function sidesOf(difference: Difference): { readonly left: Row | undefined; readonly right: Row | undefined } {
  return {
    left: 'left' in difference ? difference.left : undefined,
    right: 'right' in difference ? difference.right : undefined,
  }
}

function cut<Value extends string | null>(value: Value): Value | string {
  if (value === null || value.length <= CHARACTERS) return value
  return `${value.slice(0, CHARACTERS - 1)}…`
}

/** Whether the value may have been longer than what is kept of it. */
export function isCut(value: string | null): boolean {
  return value !== null && value.length === CHARACTERS && value.endsWith('…')
}
