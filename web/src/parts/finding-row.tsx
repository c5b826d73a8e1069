import type { CheckFinding, CheckRun } from 'lockstep/client'
import { Badge } from './badge.js'

/** One key: both rows, with the cells that differ marked. */
export function FindingRow({ finding, run }: { readonly finding: CheckFinding; readonly run: CheckRun }) {
  const { kind, key, left, right } = finding
  return (
    <li class="border-b border-line px-4 py-3 last:border-0">
      <p class="flex flex-wrap items-center gap-2">
        <span class="mono break-all font-medium">{keyText(key, run.keyColumns)}</span>
        <Badge tone={kind === 'unstable' ? 'warn' : 'bad'}>{kind}</Badge>
        {finding.about === 'number' ? (
          <span class="figure">
            stored <b>{finding.stored ?? 'no such row'}</b>, references come to <b>{finding.expected ?? 'nothing'}</b>
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
        <p class="figure text-muted">
          {finding.references.map(({ name, value }) => `${name}: ${value ?? 'nothing'}`).join(' · ')}
        </p>
      )}
      {left === null && right === null ? null : (
        <Cells label={keyText(key, run.keyColumns)} columns={run.columns} left={left} right={right} />
      )}
    </li>
  )
}

function keyText(key: readonly (string | null)[], columns: readonly string[]): string {
  return key.map((value, index) => `${columns[index] ?? 'key'} = ${value ?? 'NULL'}`).join(', ')
}

interface CellsProps {
  /** Names the key. */
  readonly label: string
  readonly columns: readonly string[]
  readonly left: readonly (string | null)[] | null
  readonly right: readonly (string | null)[] | null
}

function Cells({ label, columns, left, right }: CellsProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="mt-2 overflow-x-auto" tabIndex={0} aria-label={`Both rows of ${label}`}>
      <table class="mono">
        <thead>
          <tr>
            <td />
            {columns.map((column) => (
              <th key={column} scope="col" class="px-2 text-left font-normal text-muted">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(
            [
              ['left', left, right],
              ['right', right, left],
            ] as const
          ).map(([side, row, other]) => (
            <tr key={side}>
              <th scope="row" class="pr-2 text-left font-normal text-muted">
                {side}
              </th>
              {row === null ? (
                <td colSpan={columns.length} class="px-2 italic text-muted">
                  no row
                </td>
              ) : (
                row.map((value, index) => (
                  <td
                    key={columns[index]}
                    class={`px-2 ${other !== null && other[index] !== value ? 'rounded bg-warn-soft font-semibold text-warn' : ''}`}
                  >
                    {value ?? <i class="text-muted">NULL</i>}
                  </td>
                ))
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
