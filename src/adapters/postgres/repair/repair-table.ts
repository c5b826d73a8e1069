import { sql } from 'drizzle-orm'
import type { GrantList } from '../../../core/diagnosis.js'
import type { ChangeOutcome, HeldRow, RepairColumn, RepairTable, RowChange, ScriptFrame } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import { applyChanges, changeProblem, changeRights } from '../../sql/row-changes.js'
import { type Statement, statementText } from '../../sql/statement.js'
import { formedValue } from '../canonical/expression.js'
import type { PostgresColumn } from '../catalog/catalog.js'
import { quotedRole, quoteIdentifier } from '../catalog/identifiers.js'
import { printed, toRows } from '../digest/lookup.js'
import type { PostgresHandle } from '../handle.js'
import type { Session } from '../session/session.js'
import { changeStatement, exactText, type Repaired } from './change-statement.js'
import { wantedProblem } from './wanted-text.js'

/** Selects a list from the rows `t` that have one of the keys. */
export type KeyedSelect = (list: string, keys: readonly Row[], signal: AbortSignal) => Promise<readonly object[]>

const FRAME: ScriptFrame = {
  howTo: ['psql -X -v ON_ERROR_STOP=1 -f <this file> "$URL", as a role that may write the table.'],
  settings: [
    `SET client_encoding = 'UTF8';`,
    `SET TimeZone = 'UTC';`,
    `SET DateStyle = 'ISO, YMD';`,
    `SET IntervalStyle = 'postgres';`,
    `SET bytea_output = 'hex';`,
    'SET extra_float_digits = 1;',
    `SET lc_monetary = 'C';`,
  ],
  begin: 'BEGIN;',
  commit: 'COMMIT;',
}

/** A table of PostgreSQL whose rows are set right by guarded statements. */
export class PostgresRepairTable implements RepairTable {
  readonly label: string
  readonly frame = FRAME
  readonly #database: PostgresHandle
  readonly #of: Repaired
  readonly #select: KeyedSelect

  constructor(database: PostgresHandle, of: Repaired, select: KeyedSelect) {
    this.#database = database
    this.#of = of
    this.#select = select
    this.label = `${database.label} ${of.info.schema.name}`
  }

  async held(keys: readonly Row[], signal: AbortSignal): Promise<readonly HeldRow[]> {
    if (keys.length === 0) return []
    const { info, columns } = this.#of
    const width = info.columns.length
    const list = [
      ...info.columns.map((column, at) => formed(column, columns[at])),
      ...info.columns.map((column) => exactText(column, 't')),
    ].map((text, at) => `${text} as c${at}`)
    const rows = toRows(rowsOf(await this.#select(list.join(', '), keys, signal)), width * 2)
    return rows.map((row) => ({ row: row.slice(0, width), exact: row.slice(width) }))
  }

  problem(change: RowChange): string | undefined {
    const { info, columns } = this.#of
    const problemAt = (at: number, text: string | null): string | undefined => {
      const column = info.columns[at]
      return column && this.#problemOf(column, { change, text, given: columns[at]?.given ?? 'native' })
    }
    return changeProblem(change, { required: info.required, names: info.columns.map(({ name }) => name), problemAt })
  }

  statement(change: RowChange): string {
    return `${statementText(changeStatement(this.#of, change))};`
  }

  async apply(
    changes: readonly RowChange[],
    { apart, signal }: { readonly apart: boolean; readonly signal: AbortSignal },
  ): Promise<readonly ChangeOutcome[]> {
    const options = { what: 'repairing rows', signal }
    return this.#database.writing.transaction(async (transaction) => {
      const apply = (change: RowChange) => {
        const run = (session: Session) => execute(session, changeStatement(this.#of, change))
        return apart ? transaction.transaction(run) : run(transaction)
      }
      return applyChanges(changes, { apart, apply })
    }, options)
  }

  grants(role: string, kinds: ReadonlySet<RowChange['kind']>): GrantList {
    const { columns, keyColumns, qualified } = this.#of.info
    const names = (of: readonly PostgresColumn[]): readonly string[] => of.map(({ name }) => quoteIdentifier(name))
    const rights = changeRights(kinds, { columns: names(columns), key: names(keyColumns) })
    const statement = `GRANT ${rights.join(', ')} ON TABLE ${qualified} TO ${quotedRole(role)};`
    return { database: this.#database.label, statements: rights.length === 0 ? [] : [statement] }
  }

  #problemOf(
    column: PostgresColumn,
    { change, text, given }: { readonly change: RowChange; readonly text: string | null } & Pick<RepairColumn, 'given'>,
  ): string | undefined {
    if (text === null) return column.nullable ? undefined : 'it is NULL on the other side, and NOT NULL here'
    if (change.kind === 'update' && column.identityAlways) return 'it is GENERATED ALWAYS, and cannot be updated'
    return wantedProblem(column, given, text)
  }
}

function formed(column: PostgresColumn, repaired: RepairColumn | undefined): string {
  const form = repaired?.form ?? 'native'
  return form === 'native' ? printed(column, 't') : formedValue(column, form, 't.')
}

function rowsOf(rows: readonly object[]): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) => ({ ...row }))
}

async function execute(session: Session, statement: Statement<string | null>): Promise<ChangeOutcome> {
  const query = sql.join(
    [...statement, ' RETURNING 1'].map((piece) =>
      typeof piece === 'string' ? sql.raw(piece) : sql`${piece.parameter}`,
    ),
  )
  return { kind: (await session.execute(query)).length > 0 ? 'done' : 'stale' }
}
