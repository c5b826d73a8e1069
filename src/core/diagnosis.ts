import type { IndexAdvice } from './index-advice.js'

/** What `doctor` found. */
export interface Diagnosis {
  readonly level: 'ok' | 'warn' | 'error'
  /** What was looked at: a database's label, a table, a column. */
  readonly subject: string
  readonly message: string
  /** SQL or a sentence; absent when there is nothing to do. */
  readonly fix?: string
  /** Of a missing index: what is read without it and with it. `fix` is its statement. */
  readonly index?: IndexAdvice
}

export interface GrantList {
  readonly database: string
  readonly statements: readonly string[]
}
