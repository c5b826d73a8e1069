import type { GrantList } from '../../../core/diagnosis.js'
import type { ChangeOutcome, HeldRow, RepairTable, RowChange, ScriptFrame } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import { applyChanges, changeProblem } from '../../sql/row-changes.js'
import { statementText } from '../../sql/statement.js'
import { formedValue } from '../canonical/formed-value.js'
import { keyCondition } from '../canonical/key-condition.js'
import { decodedValue, encodedRow } from '../canonical/stored-values.js'
import { placeOf, tablePages } from '../canonical/table-pages.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { SqliteColumn } from '../catalog/catalog-queries.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { SqliteHandle } from '../handle.js'
import type { Statements } from '../session/session.js'
import { changeStatement, type Mended, type Repaired } from './change-statement.js'
import { wantedProblem } from './wanted-value.js'

const LOOKUP_KEYS = 200

const FRAME: ScriptFrame = {
  howTo: ['sqlite3 -bail <the database> < <this file>; readers may stay, writers wait.'],
  settings: ['PRAGMA foreign_keys = ON;'],
  begin: 'BEGIN IMMEDIATE;',
  commit: 'COMMIT;',
}

export interface RepairedTable extends Repaired {
  readonly label: string
  /** Of the key, in its order. */
  readonly keyColumns: readonly SqliteColumn[]
  readonly required: readonly string[]
  /** To be read whole where a key cannot be looked up. */
  readonly rows: ReadableRows
}

/** A table of SQLite whose rows are set right by guarded statements. */
export class SqliteRepairTable implements RepairTable {
  readonly label: string
  readonly frame = FRAME
  readonly #database: SqliteHandle
  readonly #of: RepairedTable

  constructor(database: SqliteHandle, of: RepairedTable) {
    this.#database = database
    this.#of = of
    this.label = of.label
  }

  async held(keys: readonly Row[], signal: AbortSignal): Promise<readonly HeldRow[]> {
    const { columns, key, keyColumns, table } = this.#of
    const wanted = new Set(keys.map((one) => JSON.stringify(one)))
    const places = key.map((column) => columns.indexOf(column))
    const isWanted = ({ row }: HeldRow): boolean => wanted.has(JSON.stringify(places.map((at) => row[at])))
    const found: HeldRow[] = []
    const encoded = columns.map(({ name }, at) => `${encodedRow([name])} as c${at}`).join(', ')
    const forms = key.map(({ form }) => form)
    for (let start = 0; start < keys.length; start += LOOKUP_KEYS) {
      const condition = keyCondition(keyColumns, forms, keys.slice(start, start + LOOKUP_KEYS))
      if (condition === undefined) return this.#search(isWanted, signal)
      const text = `select ${encoded} from ${quoteIdentifier(table)} where ${condition.text}`
      const options = { what: 'looking up rows', signal }
      const { rows } = await this.#database.session.execute(text, condition.values, options)
      found.push(...rows.map((row) => this.#held(columns.map((_, at) => String(row[`c${at}`])))))
    }
    return found.filter(isWanted)
  }

  problem(change: RowChange): string | undefined {
    const { columns, required } = this.#of
    const problemAt = (at: number, text: string | null): string | undefined => {
      const mended = columns[at]
      return mended && problemOf(mended, text)
    }
    return changeProblem(change, { required, names: columns.map(({ name }) => name), problemAt })
  }

  statement(change: RowChange): string {
    return `${statementText(changeStatement(this.#of, change))};`
  }

  async apply(
    changes: readonly RowChange[],
    { apart, signal }: { readonly apart: boolean; readonly signal: AbortSignal },
  ): Promise<readonly ChangeOutcome[]> {
    const options = { what: 'repairing rows', signal }
    return this.#database.session.transaction(async (transaction) => {
      // A statement that SQLite refuses undoes itself alone.
      return applyChanges(changes, { apart, apply: (change) => this.#execute(transaction, change, signal) })
    }, options)
  }

  /** SQLite has no rights but those on the file and its folder. */
  grants(): GrantList {
    return { database: this.#database.label, statements: [] }
  }

  async #execute(transaction: Statements, change: RowChange, signal: AbortSignal): Promise<ChangeOutcome> {
    const statement = changeStatement(this.#of, change)
    const text = statement.map((piece) => (typeof piece === 'string' ? piece : '?')).join('')
    const values = statement.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.parameter]))
    const { changed } = await transaction.execute(text, values, { what: 'repairing rows', signal })
    return { kind: changed > 0 ? 'done' : 'stale' }
  }

  async #search(isWanted: (held: HeldRow) => boolean, signal: AbortSignal): Promise<readonly HeldRow[]> {
    const { rows, columns } = this.#of
    const found: HeldRow[] = []
    await using snapshot = await this.#database.snapshot({ what: 'looking up rows', signal })
    const place = await placeOf(snapshot, rows, signal)
    for await (const page of tablePages(snapshot, place, { columns: columns.map(({ name }) => name), signal })) {
      found.push(...page.map(({ texts }) => this.#held(texts)).filter(isWanted))
    }
    return found
  }

  /** Of values as `encodedRow` writes them. */
  #held(texts: readonly string[]): HeldRow {
    const { columns } = this.#of
    return {
      row: columns.map(({ form }, at) => formedValue(decodedValue(texts[at] ?? 'n'), form)),
      exact: columns.map((_, at) => (texts[at] === 'n' ? null : (texts[at] ?? null))),
    }
  }
}

function problemOf({ nullable, type, given }: Mended, text: string | null): string | undefined {
  if (text === null) return nullable ? undefined : 'it is NULL on the other side, and NOT NULL here'
  return wantedProblem(type, given, text)
}
