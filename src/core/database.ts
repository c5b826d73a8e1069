import type { BulkTable } from './bulk.js'
import type { CanonicalTable } from './canonical.js'
import type { ConnectionFigures } from './connection-figures.js'
import type { Diagnosis, GrantList } from './diagnosis.js'
import type { TableExport } from './export.js'
import type { Aggregate, ColumnOptions, GroupReader, StoredValue } from './groups.js'
import type { Increment, IncrementRequest } from './increment.js'
import type { HeldSnapshot, KeyRange, KeySample, KeySampleRequest, SharedSnapshot } from './key-range.js'
import type { CanonicalRepair, Repairable } from './repair.js'
import type { StateStore } from './state.js'
import type { Table } from './table.js'
import type { UpsertOptions, UpsertSink } from './upsert.js'

/** Which server and database a handle really reaches. Two handles with equal `id` are the same database. */
export interface DatabaseIdentity {
  /** Survives restarts, differs between servers and after a restore: system identifier, timeline and database. */
  readonly id: string
  /** For people: `PostgreSQL 18.4`. */
  readonly version: string
  /** A standby or a server in recovery: nothing can be written. */
  readonly readOnly: boolean
}

/** `Name` is what columns may be called: the properties of a Drizzle table, or any text. */
export interface TableOptions<Name extends string = string> {
  /** Columns that identify a row; default the primary key, else the first unique index over NOT NULL columns. */
  readonly key?: readonly Name[]
  /** Column whose greater value is the newer row; with it updates travel too. */
  readonly version?: Name
  /** Columns that are neither read, compared nor written. */
  readonly ignore?: readonly Name[]
}

/** Names of the columns of a row; any text where the type of the row is not known. */
export type ColumnName<Row> = unknown extends Row ? string : Extract<keyof Row, string>

/** What `query(...)` of a database takes besides the SELECT. `Name` is what columns of the key may be called. */
export interface QueryOptions<Name extends string = string> {
  /** Columns that identify a row of the result. Must be neither NULL nor repeat; left out where rows are compared without a key. */
  readonly key?: readonly Name[]
  /** Columns of the result that are not compared. */
  readonly ignore?: readonly string[]
}

/** A database as the config hands it to flows. Making one opens nothing. */
export interface Database extends AsyncDisposable, Partial<Upserts>, Partial<Grouping> {
  /** `postgres`, `memory`, ... */
  readonly engine: string
  /** Address without credentials: `postgres://host:5432/app`. */
  readonly label: string
  /**
   * A table by Drizzle object or by name (`records`, `public.records`). Nothing is looked up yet.
   * What the adapter cannot take is a `ConfigError`.
   */
  table(table: unknown, options?: TableOptions): TableRef
  /** Asks the server who it is; an `UnavailableError` when it cannot be reached within the deadline. */
  identify(signal: AbortSignal): Promise<DatabaseIdentity>
  /** One moment that other processes can read at too, as long as it is held. Left out by databases that cannot share one. */
  holdSnapshot?(signal: AbortSignal): Promise<HeldSnapshot>
  /** Left out by databases that have no connections. */
  connections?(): ConnectionFigures
  readonly state: StateStore
  /** What would keep flows from keeping their state here: that it answers, and that the tables are there or can be made. Changes nothing. Left out by databases without users. */
  diagnoseState?(signal: AbortSignal): Promise<readonly Diagnosis[]>
}

/** Which rows `check` and `feed` read of a table, and what tells them apart. */
export interface ReadOptions {
  /** SQL of the database over the table's own columns: `deleted_at is null`. Rows for which it does not hold are not there. */
  readonly where?: string
  /** Nothing identifies a row: all columns are its key, may be NULL, and rows may repeat. */
  readonly keyless?: boolean
  /** Only the rows whose key is in it. */
  readonly range?: KeyRange
  /** Digests are of this moment, as long as somebody holds it. Databases that cannot share one leave it out of account. */
  readonly snapshot?: SharedSnapshot
}

/** How a flow reads a table, for `TableRef.diagnoseReads`. */
export interface ReadsAsked extends Pick<ReadOptions, 'where'> {
  /** Column by which an increment finds what is newer, named as in `Since`. */
  readonly since?: string
}

/** A table that has been named but not yet looked at. `Insert` and `Select` are the types of its rows, where they are known. */
export interface TableRef<Insert = unknown, Select = unknown> {
  /** Only types; never there at run time. */
  readonly $insert?: Insert
  readonly $select?: Select
  readonly database: Database
  /** As given, with its schema when one was given. */
  readonly name: string
  /** The whole SELECT, where this is a query. */
  readonly query?: string
  readonly options: TableOptions
  /**
   * Left out by databases whose tables can only be compared in canonical form. Reads the catalog. Throws `ConfigError`
   * when the table is missing, is of a kind that cannot be used, lacks a unique index on its key (the fix is the SQL that
   * adds it) or does not match its Drizzle object.
   */
  open?(signal: AbortSignal, reading?: Pick<ReadOptions, 'where'>): Promise<Table & Partial<Repairable>>
  /**
   * The same table for a comparison with one of another engine, or of other types or names. Left out by databases whose
   * values have no canonical form. Throws as `open` does.
   */
  openCanonical?(signal: AbortSignal, reading?: ReadOptions): Promise<CanonicalTable & Partial<CanonicalRepair>>
  /**
   * The table as `load` uses it; no key is needed. Left out by databases that random rows cannot be made for. Throws
   * `ConfigError` when the table is missing or has a column for which no value can be made.
   */
  bulk?(signal: AbortSignal): Promise<BulkTable>
  /** The table as `feed` reads it. Left out by databases that cannot read a table in one snapshot. Throws as `open` does. */
  exports?(signal: AbortSignal, reading?: Pick<ReadOptions, 'where'>): Promise<TableExport>
  /**
   * What an export that begins after the answer reads, when it follows another one. Left out by databases that cannot tell.
   * Throws `ConfigError` when `since` does not fit the table.
   */
  increment?(request: IncrementRequest, signal: AbortSignal): Promise<Increment>

  /**
   * Keys spread over the table, to cut it by; `undefined` when the order of its column is not the same everywhere. Left out
   * by what cannot be read by ranges of a key (`ReadOptions.range`).
   */
  sampleKeys?(request: KeySampleRequest, signal: AbortSignal): Promise<KeySample | undefined>

  /** What would stop or slow this use of the table: server, rights, schema, open transactions. Changes nothing. */
  diagnose(use: TableUse, signal: AbortSignal): Promise<readonly Diagnosis[]>

  /**
   * What reading the table so costs, and which index would make it cheaper: from catalogs and plans, none of which is run.
   * Left out by what has no indexes of its own. Throws as `open` does.
   */
  diagnoseReads?(asked: ReadsAsked, signal: AbortSignal): Promise<readonly Diagnosis[]>

  /** The least rights that this use takes, as statements to run. */
  grants(use: TableUse, role: string, signal: AbortSignal): Promise<GrantList>
}

/** A table that can be compared and exported. */
export type ReadableTableRef<Insert = unknown> = TableRef<Insert> & Required<Pick<TableRef, 'open'>>

/** A table that `feed` can publish. */
export type ExportableTableRef<Select = unknown> = TableRef<unknown, Select> & Required<Pick<TableRef, 'exports'>>

/** `read`: compare or export it. `mirror`: follow its changes and write the other side's. `upsert`: `ingest` into it. */
export type TableUse = 'read' | 'mirror' | 'upsert'

/** What `ingest` needs of a database beside its state. */
export interface Upserts {
  /**
   * Reads the catalog and answers the sink. Throws `ConfigError` when a table is missing, has no unique index on its
   * key, or has another unique index through which an upsert could overwrite a row it does not mean (MySQL).
   */
  upserts(tables: readonly TableRef[], options: UpsertOptions, signal: AbortSignal): Promise<UpsertSink>
}

/** A column of a table, named and not yet looked at: what `table(...).column('body')` returns. */
export interface ColumnRef {
  readonly table: TableRef
  /** As given: the property of a Drizzle table, or the name in the database. */
  readonly column: string
  readonly options: ColumnOptions
}

/** What is to be read of one table: for each value of a key column one number. */
export interface GroupsRequest {
  readonly table: TableRef
  /** Column by which rows are grouped. `undefined`: the table's own key, of one column, which each row has alone. */
  readonly key: string | undefined
  readonly of: Aggregate | StoredValue
  readonly where: string | undefined
}

/** What `check.references` needs of a database. */
export interface Grouping {
  /**
   * Reads the catalog. Throws `ConfigError` when a table or column is missing, the key is of a type whose order differs
   * between engines, or the value is of one that has no exact sum.
   */
  groups(requests: readonly GroupsRequest[], signal: AbortSignal): Promise<GroupReader>
}
