import type { Rowset, Values } from '../../core/upsert.js'
import { Rejection } from './rejection.js'

const NO_ROWS: readonly Values[] = []

/** Makes the rows of each table, in the order of `into`, of what a `map` answered. Throws a `Rejection`. */
export type RowsOf = (answer: unknown) => Rowset['rows']

/** `names`: of the tables of a group; `undefined` for one table. */
export function rowsOf(names: readonly string[] | undefined): RowsOf {
  if (names === undefined) return (answer) => [list(answer, 'rows')]
  const known = new Set(names)
  return (answer) => {
    if (answer === undefined || answer === null) return names.map(() => NO_ROWS)
    if (!isObject(answer)) throw wrong('an object with the rows of each table', answer)
    for (const name of Object.keys(answer)) {
      if (!known.has(name)) throw new Rejection('map-failed', `map answered rows for ${name}, which is not in \`into\``)
    }
    return names.map((name) => list(Object.hasOwn(answer, name) ? answer[name] : undefined, name))
  }
}

function list(answer: unknown, what: string): readonly Values[] {
  if (answer === undefined || answer === null) return NO_ROWS
  if (!Array.isArray(answer)) {
    if (!isObject(answer)) throw wrong(what, answer)
    return [answer]
  }
  const rows: Values[] = []
  for (const row of answer) {
    if (row === undefined || row === null) continue
    if (!isObject(row)) throw wrong(what, row)
    rows.push(row)
  }
  return rows
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(wanted: string, answer: unknown): Rejection {
  const kind = Array.isArray(answer) ? 'an array' : `a ${typeof answer}`
  return new Rejection('map-failed', `map answered ${kind} where ${wanted} was expected`)
}
