import { type SQL, sql } from 'drizzle-orm'
import type { GrantList } from '../../../core/diagnosis.js'
import type { ChangeOutcome, HeldRow, RepairTable, RowChange, ScriptFrame } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import { applyChanges, changeProblem, changeRights } from '../../sql/row-changes.js'
import { type Statement, statementText } from '../../sql/statement.js'
import { formedValue } from '../canonical/expression.js'
import { keyCondition } from '../canonical/key-condition.js'
import { identifier, quotedUser } from '../catalog/identifiers.js'
import type { MysqlHandle } from '../handle.js'
import type { Session } from '../session/session.js'
import { changeStatement, type Mended, type Repaired } from './change-statement.js'
import { wantedProblem } from './wanted-value.js'

/** Keys that are looked up by one statement. */
const LOOKUP_KEYS = 500
const LOOKUP_MS = 300_000

const FRAME: ScriptFrame = {
  howTo: ['mysql --default-character-set=utf8mb4 ... < <this file>, as a user that may write the table.'],
  settings: [
    'SET NAMES utf8mb4;',
    `SET SESSION time_zone = '+00:00';`,
    `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';`,
    'SET SESSION foreign_key_checks = 1;',
    'SET SESSION unique_checks = 1;',
  ],
  begin: 'START TRANSACTION;',
  commit: 'COMMIT;',
}

export interface RepairedTable extends Repaired {
  readonly label: string
  /** Columns that are not among these, and which a new row must have a value of. */
  readonly required: readonly string[]
}

/** A table of MySQL or MariaDB whose rows are set right by guarded statements. */
export class MysqlRepairTable implements RepairTable {
  readonly label: string
  readonly frame = FRAME
  readonly #database: MysqlHandle
  readonly #of: RepairedTable

  constructor(database: MysqlHandle, of: RepairedTable) {
    this.#database = database
    this.#of = of
    this.label = of.label
  }

  async held(keys: readonly Row[], signal: AbortSignal): Promise<readonly HeldRow[]> {
    const { quote } = await this.#database.driver()
    const { columns, key, qualified } = this.#of
    const wanted = new Set(keys.map((one) => JSON.stringify(one)))
    const places = key.map((column) => columns.indexOf(column))
    const list = [
      ...columns.map(({ column, form }) => formedValue(column, form)),
      ...columns.map(({ column, whole }) => formedValue(column, whole)),
    ].map((text, at) => `${text} as c${at}`)
    const found: HeldRow[] = []
    for (let start = 0; start < keys.length; start += LOOKUP_KEYS) {
      const condition = keyCondition(key, keys.slice(start, start + LOOKUP_KEYS), quote)
      if (condition === undefined) continue
      const query = `select ${list.join(', ')} from ${qualified} where ${condition}`
      const options = { what: 'looking up rows', signal, deadlineMs: LOOKUP_MS }
      for (const row of await this.#database.session.execute(sql.raw(query), options)) {
        const values = list.map((_, at) => textOrNull(row[`c${at}`]))
        const held = { row: values.slice(0, columns.length), exact: values.slice(columns.length) }
        if (wanted.has(JSON.stringify(places.map((place) => held.row[place])))) found.push(held)
      }
    }
    return found
  }

  problem(change: RowChange): string | undefined {
    const { columns, required } = this.#of
    const problemAt = (at: number, text: string | null): string | undefined => {
      const mended = columns[at]
      return mended && problemOf(mended, text)
    }
    return changeProblem(change, { required, names: columns.map(({ column }) => column.name), problemAt })
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
    const { columns, key, qualified } = this.#of
    const names = (of: readonly Mended[]): readonly string[] => of.map(({ column }) => identifier(column.name))
    const rights = changeRights(kinds, { columns: names(columns), key: names(key) })
    const statement = `GRANT ${rights.join(', ')} ON ${qualified} TO ${quotedUser(role)};`
    return { database: this.#database.label, statements: rights.length === 0 ? [] : [statement] }
  }
}

function problemOf({ column, given, form }: Mended, text: string | null): string | undefined {
  if (text === null) return column.nullable ? undefined : 'it is NULL on the other side, and NOT NULL here'
  return wantedProblem(column, given === 'native' ? form : given, text)
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

async function execute(session: Session, statement: Statement<unknown>): Promise<ChangeOutcome> {
  return { kind: (await session.change(queryOf(statement))) > 0 ? 'done' : 'stale' }
}

/** The client writes parameters where it finds a question mark: with one in a name they are written by ourselves. */
function queryOf(statement: Statement<unknown>): SQL {
  if (statement.some((piece) => typeof piece === 'string' && piece.includes('?'))) {
    return sql.raw(statementText(statement))
  }
  return sql.join(
    statement.map((piece) => (typeof piece === 'string' ? sql.raw(piece) : sql`${sql.param(piece.parameter)}`)),
  )
}
