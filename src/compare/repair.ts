import type { Difference } from '../core/difference.js'
import type { Side } from '../core/repair.js'
import type { Row } from '../core/table.js'

/**
 * The rows to write to `side` so that it has what the other side has: rows it lacks, and the other side's version of rows
 * that differ. Rows that only `side` has are left alone, as are rows that are still changing: nothing is ever deleted.
 */
export function repairRows(differences: Iterable<Difference>, side: Side): Row[] {
  const rows: Row[] = []
  for (const difference of differences) {
    const row = wantedRow(difference, side)
    if (row !== undefined) rows.push(row)
  }
  return rows
}

function wantedRow(difference: Difference, side: Side): Row | undefined {
  switch (difference.kind) {
    case 'missing-left':
      return side === 'left' ? difference.right : undefined
    case 'missing-right':
      return side === 'right' ? difference.left : undefined
    case 'changed':
      return side === 'left' ? difference.right : difference.left
    case 'copies':
    case 'unstable':
      return undefined
  }
}
