/** What `doctor` found. */
export interface Diagnosis {
  readonly level: 'ok' | 'warn' | 'error'
  /** What was looked at: a database's label, a table, a column. */
  readonly subject: string
  readonly message: string
  /** SQL or a sentence; absent when there is nothing to do. */
  readonly fix?: string
}

export interface GrantList {
  readonly database: string
  readonly statements: readonly string[]
}
