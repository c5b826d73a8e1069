import { sql } from 'drizzle-orm'
import type { GrantList } from '../../../core/diagnosis.js'
import { DataError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import type { ChangeOutcome, HeldRow, RepairColumn, RepairTable, RowChange, ScriptFrame } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import { type Statement, statementText } from '../../sql/statement.js'
import { formedValue } from '../canonical/expression.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { quotedRole } from '../diagnose/grants.js'
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
    if (change.kind === 'delete') return undefined
    const { info, columns } = this.#of
    if (change.kind === 'insert' && info.required.length > 0) return missingColumns(info.required)
    const places = change.kind === 'insert' ? columns.keys() : change.set
    for (const at of places) {
      const [column, text] = [info.columns[at], change.wanted[at] ?? null]
      if (column === undefined) continue
      const problem = this.#problemOf(column, { change, text, given: columns[at]?.given ?? 'native' })
      if (problem !== undefined) return `column ${column.name}: ${problem}`
    }
    return undefined
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
      const outcomes: ChangeOutcome[] = []
      for (const change of changes) {
        const run = (session: Session) => execute(session, changeStatement(this.#of, change))
        outcomes.push(apart ? await standingAlone(() => transaction.transaction(run)) : await run(transaction))
      }
      failpoint('repair:before-commit')
      return outcomes
    }, options)
  }

  grants(role: string, kinds: ReadonlySet<RowChange['kind']>): GrantList {
    const rights = [...kinds].map((kind) => kind.toUpperCase()).sort()
    const statement = `GRANT ${rights.join(', ')} ON TABLE ${this.#of.info.qualified} TO ${quotedRole(role)};`
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

function missingColumns(names: PostgresTableInfo['required']): string {
  return `a new row needs a value of ${names.join(', ')}, which is not compared and has no default`
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

async function standingAlone(work: () => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DataError) return { kind: 'failed', reason: error.message }
    throw error
  }
}
