import { identifier } from '../catalog/identifiers.js'
import type { Dialect } from './dialect.js'

/** How `ON DUPLICATE KEY UPDATE` speaks of the row that was to be inserted. */
export interface RowAlias {
  /** What follows the list of values. */
  readonly clause: string
  incoming(column: string): string
}

const ALIAS = 'lockstep_new'

export function rowAlias(dialect: Pick<Dialect, 'rowAlias'>): RowAlias {
  if (dialect.rowAlias) return { clause: ` as ${ALIAS}`, incoming: (column) => `${ALIAS}.${identifier(column)}` }
  return { clause: '', incoming: (column) => `values(${identifier(column)})` }
}
