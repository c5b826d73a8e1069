import type { CheckFinding, CheckRun } from 'lockstep/client'
import { Badge } from './badge.js'
import { Cells } from './cells.js'

/** One key: both rows, with the cells that differ marked. */
export function FindingRow({ finding, run }: { readonly finding: CheckFinding; readonly run: CheckRun }) {
  const { kind, key, left, right } = finding
  return (
    <li class="border-b border-line px-4 py-3 last:border-0">
      <p class="flex flex-wrap items-center gap-2">
        <span class="mono font-medium">{keyText(key, run.keyColumns)}</span>
        <Badge tone={kind === 'unstable' ? 'warn' : 'bad'}>{kind}</Badge>
        {finding.about === 'number' ? (
          <span class="figure">
            {finding.stored === null ? 'there is no such row' : 'stored '}
            <b>{finding.stored}</b>, {run.of === 'count' ? 'counted' : 'recounted'}{' '}
            <b>{finding.expected ?? 'nothing'}</b>
          </span>
        ) : null}
        {finding.copies === null ? null : (
          <span class="figure">
            {finding.copies.left} left, {finding.copies.right} right
          </span>
        )}
        {finding.columns.length === 0 ? null : <span class="text-muted">differs in {finding.columns.join(', ')}</span>}
      </p>
      {finding.references.length === 0 ? null : (
        <ul class="figure flex flex-wrap gap-x-4 text-muted">
          {finding.references.map(({ name, value }) => (
            <li key={name}>
              {name}: <span class="text-ink">{value ?? 'nothing'}</span>
            </li>
          ))}
        </ul>
      )}
      {left === null && right === null ? null : (
        <Cells
          label={keyText(key, run.keyColumns)}
          columns={run.columns}
          sides={[
            { name: 'left', row: left },
            { name: 'right', row: right },
          ]}
        />
      )}
    </li>
  )
}

function keyText(key: readonly (string | null)[], columns: readonly string[]): string {
  return key.map((value, index) => `${columns[index] ?? 'key'} = ${value ?? 'NULL'}`).join(', ')
}
