type Row = readonly (string | null)[]

interface Side {
  readonly name: string
  /** `null`: there is no such row. */
  readonly row: Row | null
}

interface Props {
  /** Names the key. */
  readonly label: string
  /** Names of the values; none where they are not known. */
  readonly columns: readonly string[]
  readonly sides: readonly [Side, Side]
}

interface Cell {
  readonly name: string
  readonly values: readonly [string | null, string | null]
  readonly differs: boolean
}

/** So many cells are shown at once beside those that differ. */
const OTHERS = 8

/** Both rows side by side, a line for each column, with the cells that differ marked. Of a long row the others are folded. */
export function Cells({ label, columns, sides }: Props) {
  const cells = cellsOf(columns, sides)
  const isEqual = (cell: Cell): boolean => !cell.differs
  const folds = cells.filter(isEqual).length > OTHERS
  const isWhole = cells.every(isEqual)
  const [shown, folded] = !folds
    ? [cells, []]
    : isWhole
      ? [cells.slice(0, OTHERS), cells.slice(OTHERS)]
      : [cells.filter(({ differs }) => differs), cells.filter(isEqual)]
  return (
    <div class="mt-2 max-w-4xl">
      <Lines label={`Both rows of ${label}`} cells={shown} sides={sides} head />
      {folded.length === 0 ? null : (
        <details class="mt-1">
          <summary class="cursor-pointer text-xs text-muted">
            {folded.length} {isWhole ? 'more' : 'that are equal'}
          </summary>
          <Lines label={`The rest of both rows of ${label}`} cells={folded} sides={sides} />
        </details>
      )}
    </div>
  )
}

interface LinesProps extends Pick<Props, 'label' | 'sides'> {
  readonly cells: readonly Cell[]
  readonly head?: boolean
}

function Lines({ label, cells, sides, head = false }: LinesProps) {
  return (
    <table class="cells mono" aria-label={label}>
      <thead class={head ? '' : 'sr-only'}>
        <tr>
          <td class="w-[28%]" />
          {sides.map(({ name, row }) => (
            <th key={name} scope="col" class={row === null ? 'w-[18%]' : ''}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {cells.map(({ name, values, differs }, line) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {sides.map((side, index) =>
              side.row === null ? (
                line > 0 ? null : (
                  <td key={side.name} rowSpan={cells.length} class="italic text-muted">
                    no row
                  </td>
                )
              ) : (
                <td
                  key={side.name}
                  class={differs ? 'border-l-2 border-l-panel bg-warn-soft font-semibold text-warn' : ''}
                >
                  {values[index] ?? <i class="text-muted">NULL</i>}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Where columns have no names they have numbers. */
function cellsOf(columns: readonly string[], [{ row: one }, { row: other }]: Props['sides']): readonly Cell[] {
  return (one ?? other ?? []).map((_, index) => {
    const values = [one?.[index] ?? null, other?.[index] ?? null] as const
    const differs = one !== null && other !== null && values[0] !== values[1]
    return { name: columns[index] ?? `column ${index + 1}`, values, differs }
  })
}
