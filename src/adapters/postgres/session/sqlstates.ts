/** What the engine should do about an SQLSTATE, and the stable word for it (docs/errors.md). */
export interface Meaning {
  readonly kind: 'unavailable' | 'data' | 'config'
  readonly code: string
  /** One sentence; for `config` it becomes the fix. */
  readonly advice?: string
  /** The server's primary message of this code names objects and settings, never row values. */
  readonly quotable?: boolean
}

const waits = (code: string, advice?: string): Meaning => ({
  kind: 'unavailable',
  code,
  quotable: true,
  ...(advice === undefined ? {} : { advice }),
})
const config = (code: string, advice: string): Meaning => ({ kind: 'config', code, advice, quotable: true })
// Messages of these classes may repeat the value that was refused, so they are never quoted.
const data = (code: string): Meaning => ({ kind: 'data', code })

/**
 * Five characters: one code; two: its whole class. A code wins over its class. What is in neither is a bug or an
 * extension's own code, and is passed on as it is (exit code 70). 42601 (syntax error) is absent on purpose.
 */
export const SQLSTATES: Readonly<Record<string, Meaning>> = {
  '08': waits('connection-lost'),
  '0A': config('feature-not-supported', 'Use a table and a server that support it; `lockstep doctor` says which.'),
  '21': data('cardinality-violation'),
  '22': data('invalid-value'),
  '22001': data('value-too-long'),
  '22003': data('number-out-of-range'),
  '22007': data('invalid-datetime'),
  '22008': data('datetime-out-of-range'),
  '22021': data('invalid-text-encoding'),
  '22P02': data('invalid-text-form'),
  '22P05': data('untranslatable-character'),
  '23': data('integrity-violation'),
  '23001': data('restrict-violation'),
  '23502': data('not-null-violation'),
  '23503': data('foreign-key-violation'),
  '23505': data('unique-violation'),
  '23514': data('check-violation'),
  '23P01': data('exclusion-violation'),
  '25006': waits('read-only', 'The server or the session is read only; connect to the primary.'),
  '25P03': waits('idle-in-transaction-timeout'),
  '25P04': waits('transaction-timeout'),
  '28': waits('login-refused', 'Check user, password and pg_hba.conf.'),
  '28P01': waits('password-refused', 'Check user and password of the URL.'),
  '3D': config('database-missing', 'Create the database, or correct its name in the URL.'),
  '3F': config('schema-missing', 'Create the schema, or correct its name in the config.'),
  '40': waits('transaction-rolled-back'),
  '40001': waits('serialization-failure'),
  '40003': waits('commit-unknown'),
  '40P01': waits('deadlock'),
  '42': config('schema-mismatch', 'Make the table match what the flow expects, then start again.'),
  '42501': config('permission-denied', 'Run `lockstep grants` and apply its GRANT statements.'),
  '42703': config('column-missing', 'Add the column, or correct its name in the config or the Drizzle table.'),
  '42804': config('column-type-mismatch', 'Give the column the type the flow expects.'),
  '42883': config('function-missing', 'Install the function or extension, or leave the column out with `ignore`.'),
  '42P01': config('table-missing', 'Create the table, or correct its name in the config.'),
  '42P10': config('unique-index-missing', 'Add a unique index over the key columns.'),
  '44': data('view-check-violation'),
  '53': waits('server-out-of-resources'),
  '53100': waits('disk-full', 'Free disk space on the database server; the flow goes on by itself.'),
  '53200': waits('server-out-of-memory'),
  '53300': waits('too-many-connections', 'Raise max_connections or lower `maxConnections`.'),
  '54': data('limit-exceeded'),
  '55': waits('object-not-ready'),
  '55P03': waits('lock-timeout'),
  '57': waits('server-intervened'),
  '57014': waits('statement-timeout', 'Raise `statementMs` if the statement may need longer.'),
  '57P01': waits('server-shutdown'),
  '57P02': waits('server-crashed'),
  '57P03': waits('server-starting'),
  '58': waits('server-io-error'),
  '72': waits('snapshot-too-old'),
  P0: data('refused-by-trigger'),
  XX: waits('server-internal-error'),
}

/** The meaning of an SQLSTATE, or `undefined` when this adapter has none. */
export function meaningOf(sqlstate: string): Meaning | undefined {
  if (sqlstate === '42601' || sqlstate === '42P02') return undefined
  return SQLSTATES[sqlstate] ?? SQLSTATES[sqlstate.slice(0, 2)]
}
