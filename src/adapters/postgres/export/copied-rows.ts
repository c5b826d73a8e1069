import type { PostgresTableInfo } from '../catalog/catalog.js'
import { type KeyRange, rangeClause } from './key-range.js'

/** What an export reads. */
export interface CopiedRows {
  readonly info: PostgresTableInfo
  /** SQL of the columns of `info.source t`. */
  readonly list: string
  /** Which of them. */
  readonly range: KeyRange
  /** For messages: `postgres://host:5432/app public.facility`. */
  readonly label: string
  /** For messages: `exporting public.facility`. */
  readonly what: string
}

export function copyStatement({ info, list }: Pick<CopiedRows, 'info' | 'list'>, range: KeyRange): string {
  return `select ${list} from ${info.source} t ${rangeClause(info, range)}`
}
