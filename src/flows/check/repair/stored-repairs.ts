import { keyText } from '../../../compare/key.js'
import type { Form } from '../../../core/canonical.js'
import type { TableRef } from '../../../core/database.js'
import type { ReferenceFinding } from '../../../core/flow.js'
import type { GroupColumn } from '../../../core/groups.js'
import { notRepairable, type RepairColumn } from '../../../core/repair.js'
import type { Repairs, WantedRow } from './plan-changes.js'

/** Stored numbers are wanted to be what was counted. */
export class StoredRepairs {
  readonly #wanted = new Map<string, WantedRow>()
  readonly #date: boolean

  private constructor(
    readonly repairs: Omit<Repairs, 'wanted'>,
    date: boolean,
  ) {
    this.#date = date
  }

  static async open(
    master: TableRef,
    { column, adds }: { readonly column: GroupColumn; readonly adds: boolean },
    signal: AbortSignal,
  ): Promise<StoredRepairs> {
    const table = await master.openCanonical?.(signal)
    const [key = ''] = column.rowKey
    const stored = column.storedIn ?? ''
    if (table?.repair === undefined || table.whole === undefined) throw notRepairable(column.label)
    const offered = table.forms[table.schema.columns.findIndex(({ name }) => name === stored)] ?? []
    const value = offered.find(({ kind }) => kind === 'number' || kind === 'moment' || kind === 'date')
    if (value === undefined) throw notRepairable(column.label)
    const columns = [asColumn(key, KEY_FORMS[column.order]), asColumn(stored, value)]
    const target = table.repair(columns, [key])
    const repairs: Omit<Repairs, 'wanted'> = {
      target,
      keyOf: (row) => row.slice(0, 1),
      same: (held, wanted) => held[1] === wanted[1],
      normal: (row) => (adds && row[1] === null ? [row[0] ?? null, '0'] : row),
    }
    return new StoredRepairs(repairs, value.kind === 'date')
  }

  all(): Repairs {
    return {
      ...this.repairs,
      wanted: async (keys) =>
        new Map(
          keys.flatMap((key): [string, WantedRow][] => {
            const row = this.#wanted.get(keyText(key))
            return row === undefined ? [] : [[keyText(key), row]]
          }),
        ),
    }
  }

  /** Remembers what the finding's row is to hold; answers the row as it was seen. */
  want({ key, expected, stored }: ReferenceFinding): readonly (string | null)[] {
    const row = [key, this.#formed(expected)]
    this.#wanted.set(key, { row, whole: row })
    return [key, this.#formed(stored ?? null)]
  }

  /** `2026-01-31 23:59:59.120000` without the zeros at its end. */
  #formed(value: string | null): string | null {
    if (value === null || !value.includes(':')) return value
    return this.#date ? value.slice(0, 10) : value.replace(/\.?0*$/, '')
  }
}

const KEY_FORMS: Readonly<Record<GroupColumn['order'], Form>> = {
  number: { kind: 'number' },
  uuid: { kind: 'uuid' },
  bytes: { kind: 'bytes' },
  text: { kind: 'text', padded: false },
}

function asColumn(name: string, form: Form): RepairColumn {
  return { name, as: name, form, given: form }
}
