import type { Aggregate } from '../../../core/groups.js'

/** The master row holds how many rows refer to it. The default. */
export function count(): Aggregate {
  return { kind: 'count' }
}

/** The sum of a column over the rows that refer to it: `sum('bytes')`. NULLs count as 0. */
export function sum(column: string): Aggregate {
  return { kind: 'sum', column }
}

/** The greatest value of a column, a number, date or time: `max('createdAt')`. NULL when there is none. */
export function max(column: string): Aggregate {
  return { kind: 'max', column }
}

/** The least value of a column. */
export function min(column: string): Aggregate {
  return { kind: 'min', column }
}
