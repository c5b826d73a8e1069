import { z } from 'zod'
import type { CompareOptions } from '../../../compare/compare.js'
import type { Resumed } from '../../../core/resumed.js'
import type { Table } from '../../../core/table.js'

/** What is kept of a comparison: where it is, and what was found before. */
export const TablesDone = z.object({
  position: z.string(),
  found: z.object({
    missingLeft: z.int(),
    missingRight: z.int(),
    changed: z.int(),
    copies: z.int(),
    unstable: z.int(),
  }),
})
export type TablesDone = z.infer<typeof TablesDone>

export function resumedOf({ done: { found }, at }: { readonly done: TablesDone; readonly at: string }): Resumed {
  return { savedAt: at, findings: Object.values(found).reduce((sum, one) => sum + one, 0) }
}

export interface TablesShape extends Pick<CompareOptions, 'tolerance' | 'keyless' | 'sample'> {
  /** The filters. */
  readonly where?: unknown
  /** Workers do it: positions are of another kind. */
  readonly distributed?: boolean
}

/** What is compared, and how. */
export function shapeOf(
  left: Table,
  right: Table,
  { tolerance, keyless, sample, where, distributed }: TablesShape,
): unknown {
  const side = ({ label, hashing, schema: { columns, key } }: Table): unknown => ({ label, hashing, columns, key })
  return {
    left: side(left),
    right: side(right),
    tolerance,
    keyless,
    sample,
    where,
    ...(distributed ? { distributed } : {}),
  }
}
