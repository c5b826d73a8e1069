import type { Sample } from '../../../core/check-report.js'
import type { CheckedSource, CheckSubject } from '../../../core/check-store.js'
import type { GroupsRequest } from '../../../core/database.js'
import type { Aggregate } from '../../../core/groups.js'

interface Named {
  readonly label: string
  readonly query?: string | undefined
}

interface TablesSubject {
  readonly left: Named
  readonly right: Named
  readonly where: { readonly left?: string | undefined; readonly right?: string | undefined }
  readonly sample: Sample | undefined
}

export function tablesSubject({ left, right, where, sample }: TablesSubject): CheckSubject {
  return {
    kind: 'tables',
    left: sourceOf(left, where.left),
    right: sourceOf(right, where.right),
    ...(sample === undefined ? {} : { sample }),
  }
}

/** The master first, then the references. */
export function referencesSubject(of: Aggregate, [master, ...references]: readonly GroupsRequest[]): CheckSubject {
  if (master === undefined) throw new RangeError('a check of references without a master')
  return {
    kind: 'references',
    of: of.kind === 'count' ? 'count' : `${of.kind}(${of.column})`,
    master: columnOf(master, 'column' in master.of ? master.of.column : ''),
    references: references.map((request) => columnOf(request, request.key ?? '')),
  }
}

function sourceOf({ label, query }: Named, where: string | undefined): CheckedSource {
  return {
    label,
    ...(where === undefined ? {} : { where }),
    ...(query === undefined ? {} : { query }),
  }
}

function columnOf({ table, where }: GroupsRequest, column: string): CheckedSource {
  return { label: `${table.database.label} ${table.name}.${column}`, ...(where === undefined ? {} : { where }) }
}
