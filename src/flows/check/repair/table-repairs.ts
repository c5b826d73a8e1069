import type { RepairEnds } from '../../../compare/agree.js'
import { KeyColumns, keyText } from '../../../compare/key.js'
import type { RowEquality } from '../../../compare/tolerance.js'
import type { Row, Table } from '../../../core/table.js'
import type { Repairs, WantedRow } from './plan-changes.js'

/** Rows of one table are wanted to be those of the other. `compared`: that other one, in the forms compared. */
export function tableRepairs({ target, source }: RepairEnds, compared: Table, same: RowEquality): Repairs {
  const key = new KeyColumns(compared.schema)
  const byKey = (rows: readonly Row[]): ReadonlyMap<string, Row> => new Map(rows.map((row) => [key.textOf(row), row]))
  return {
    target,
    same,
    keyOf: (row) => key.of(row),
    async wanted(keys, signal) {
      const rows = byKey(await compared.lookup(keys, signal))
      const whole = source === compared ? rows : byKey(await source.lookup(keys, signal))
      return new Map(
        keys.flatMap((one): [string, WantedRow][] => {
          const text = keyText(one)
          const [row, all] = [rows.get(text), whole.get(text)]
          return row === undefined || all === undefined ? [] : [[text, { row, whole: all }]]
        }),
      )
    },
  }
}
