/** One run of a check. */
export interface CheckRun {
  readonly id: string
  readonly flow: string
  /** Two tables, or stored numbers and what refers to them. */
  readonly kind: 'tables' | 'references'
  /** `interrupted`: it never ended, and its process is gone. */
  readonly state: 'running' | 'finished' | 'failed' | 'interrupted'
  /** `null`: it has not ended, or it failed. */
  readonly verdict: 'same' | 'different' | 'unverified' | null
  readonly startedAt: string
  readonly endedAt: string | null
  readonly exitCode: number | null
  readonly error: { readonly code: string; readonly message: string } | null
  /** What was compared, by the config of that time. */
  readonly sources: readonly CheckSource[]
  /** `count`, `sum(bytes)`; of references only. */
  readonly of: string | null
  /** Names of the values of rows and keys of findings. */
  readonly columns: readonly string[]
  readonly keyColumns: readonly string[]
  /** Numbers of the report by their names, such as `rowsLeft`, `missingRight` or `durationMs`. */
  readonly figures: Readonly<Record<string, number>>
  /** What it found, by kind, and how many of these can be listed. */
  readonly found: Readonly<Record<string, number>>
  readonly kept: number
}

export interface CheckSource {
  readonly role: 'left' | 'right' | 'master' | 'reference'
  /** Without credentials. */
  readonly label: string
  /** SQL that says which rows; the whole SELECT, where it is a query. */
  readonly where: string | null
  readonly query: string | null
}

/** A row that differs, or a stored number that is wrong. */
export interface CheckFinding {
  /** 1, 2, 3, ... in the order in which they were found. */
  readonly number: number
  readonly about: 'row' | 'number'
  /** Of rows e.g. `missing-left`, `changed`; of numbers `mismatch`, `unreferenced`, `orphan`, `unstable`. */
  readonly kind: string
  readonly key: readonly (string | null)[]
  /** Names of the columns that differ, where both sides have the row. */
  readonly columns: readonly string[]
  /** How many copies each side has, of tables without a key. */
  readonly copies: { readonly left: number; readonly right: number } | null
  /** Rows in the order of the run's columns; `null`: there is no such row, or it was not kept. */
  readonly left: readonly (string | null)[] | null
  readonly right: readonly (string | null)[] | null
  /** Of numbers: what its references come to, and what is stored (`null` as well where there is no such row). */
  readonly expected: string | null
  readonly stored: string | null
  readonly references: readonly { readonly name: string; readonly value: string | null }[]
}

/** SQL that sets right what a run found, made from the rows as they are now. Nothing has run it. */
export interface RepairSql {
  /** A script for the database's own client, with comments. It holds values of rows. */
  readonly sql: string
  /** What it changes: one of two tables, or the stored numbers. */
  readonly side: 'left' | 'right' | 'stored'
  /** Label of the table that it changes. */
  readonly table: string
  readonly statements: number
  /** Findings that were looked at. */
  readonly findings: number
  /** Of these, rows that are right by now. */
  readonly changedMeanwhile: number
  /** Findings that are not repaired, by reason. */
  readonly left: readonly { readonly reason: string; readonly count: number }[]
  /** `false`: the run found more than it keeps, or more than one answer takes; `command` makes SQL of all. */
  readonly complete: boolean
  readonly command: string
}
