/** What the engine should do about a server's error, and the stable word for it (docs/errors.md). */
export interface Meaning {
  readonly kind: 'unavailable' | 'data' | 'config'
  readonly code: string
  /** One sentence; for `config` it becomes the fix. */
  readonly advice?: string
  /** The server ends the session with it, or another server should be asked: the connection is not used again. */
  readonly ends?: boolean
  /** Finds the name of a column, key or constraint at the end of the server's message, which may hold row values before. */
  readonly subject?: RegExp
}

const waits = (code: string, advice?: string): Meaning => ({
  kind: 'unavailable',
  code,
  ...(advice === undefined ? {} : { advice }),
})
const ends = (code: string, advice?: string): Meaning => ({ ...waits(code, advice), ends: true })
const config = (code: string, advice: string): Meaning => ({ kind: 'config', code, advice })
const data = (code: string, subject?: RegExp): Meaning => ({ kind: 'data', code, ...(subject ? { subject } : {}) })

const DISK = 'Free disk space on the database server; the flow goes on by itself.'
const CONNECTIONS = 'Raise max_connections or lower `maxConnections`.'
const LOGIN = 'Check user and password of the URL, and from which hosts the user may log in.'
const LOCKED = 'The account is locked; unlock it with ALTER USER ... ACCOUNT UNLOCK.'
const EXPIRED = 'The password of the account has expired; set another with ALTER USER.'
const GRANTS = 'Run `lockstep grants` and apply its GRANT statements.'
const WRITABLE = 'The server is read only; connect to the primary.'

const COLUMN_AT_ROW = /for column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']+)[`'] at row \d+$/
const COLUMN = /^(?:Column|Field) '([^']+)'/
const KEY = /for key '([^']+)'$/
const CONSTRAINT = /CONSTRAINT `([^`]+)`/
const NAMED = /[`']([^`']+)[`']/

/** Errors of MySQL and MariaDB by number. What is not in here goes by its SQLSTATE (`SQLSTATES`). */
export const ERRNOS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [1020, waits('serialization-failure')],
  [1021, waits('disk-full', DISK)],
  [1026, waits('disk-full', DISK)],
  [1028, waits('disk-full', DISK)],
  [1030, waits('server-io-error')],
  [1037, waits('server-out-of-memory')],
  [1038, waits('server-out-of-memory')],
  [1040, waits('too-many-connections', CONNECTIONS)],
  [1041, waits('server-out-of-memory')],
  [1044, config('permission-denied', GRANTS)],
  [1045, waits('login-refused', LOGIN)],
  [1046, config('database-missing', 'Name the database in the URL.')],
  [1048, data('not-null-violation', COLUMN)],
  [1049, config('database-missing', 'Create the database, or correct its name in the URL.')],
  [1053, ends('server-shutdown')],
  [1054, config('column-missing', 'Add the column, or correct its name in the config or the Drizzle table.')],
  [1062, data('unique-violation', KEY)],
  [1077, ends('server-shutdown')],
  [1079, ends('server-shutdown')],
  [1114, waits('disk-full', DISK)],
  [
    1129,
    waits('login-refused', 'Run FLUSH HOSTS on the server: it blocks this host after too many failed connections.'),
  ],
  [1130, waits('login-refused', LOGIN)],
  [1142, config('permission-denied', GRANTS)],
  [1143, config('permission-denied', GRANTS)],
  [1146, config('table-missing', 'Create the table, or correct its name in the config.')],
  [1152, ends('connection-lost')],
  [1153, data('limit-exceeded')],
  [1158, ends('connection-lost')],
  [1159, ends('connection-lost')],
  [1160, ends('connection-lost')],
  [1161, ends('connection-lost')],
  [1180, waits('transaction-rolled-back')],
  [1203, waits('too-many-connections', CONNECTIONS)],
  [1205, waits('lock-timeout')],
  [1206, waits('server-out-of-memory')],
  [1213, waits('deadlock')],
  [1226, waits('too-many-connections', 'The user has used up a limit (max_user_connections and the like).')],
  [1227, config('permission-denied', GRANTS)],
  [1264, data('number-out-of-range', COLUMN_AT_ROW)],
  [1265, data('invalid-value', COLUMN_AT_ROW)],
  [1267, config('schema-mismatch', 'Give the columns that are compared one collation.')],
  [1290, ends('read-only', WRITABLE)],
  [1292, data('invalid-datetime', COLUMN_AT_ROW)],
  [1317, waits('statement-cancelled')],
  [1364, data('not-null-violation', COLUMN)],
  [1366, data('invalid-value', COLUMN_AT_ROW)],
  [1367, data('invalid-value')],
  [1369, data('view-check-violation')],
  [1406, data('value-too-long', COLUMN_AT_ROW)],
  [1411, data('invalid-datetime')],
  [1412, waits('schema-changed')],
  [1416, data('invalid-value')],
  [1425, data('number-out-of-range')],
  [1427, data('number-out-of-range')],
  [1451, data('restrict-violation', CONSTRAINT)],
  [1452, data('foreign-key-violation', CONSTRAINT)],
  [1526, data('no-partition')],
  [1557, data('foreign-key-violation')],
  [1586, data('unique-violation', KEY)],
  [1614, waits('transaction-rolled-back')],
  [1644, data('refused-by-trigger')],
  [1690, data('number-out-of-range')],
  [1792, ends('read-only', WRITABLE)],
  [1820, waits('login-refused', EXPIRED)],
  [1836, ends('read-only', WRITABLE)],
  [1862, waits('login-refused', EXPIRED)],
  [1878, waits('disk-full', DISK)],
  [1927, ends('connection-killed')],
  [1969, waits('statement-timeout', 'Raise `statementMs` if the statement may need longer.')],
  [2006, ends('connection-lost')],
  [2013, ends('connection-lost')],
  [3024, waits('statement-timeout', 'Raise `statementMs` if the statement may need longer.')],
  [3101, waits('transaction-rolled-back')],
  [3118, waits('login-refused', LOCKED)],
  [3140, data('invalid-json')],
  [3169, ends('connection-killed')],
  [3572, waits('lock-timeout')],
  [3675, waits('disk-full', DISK)],
  [3819, data('check-violation', NAMED)],
  [3903, data('invalid-json')],
  [4025, data('check-violation', CONSTRAINT)],
  [4031, ends('connection-idle-too-long')],
  [4078, data('invalid-value')],
  [4151, waits('login-refused', LOCKED)],
  [8022, ends('connection-lost')],
])

/** By SQLSTATE, for errors that have no number above: five characters or the two of its class. */
export const SQLSTATES: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['08', ends('connection-lost')],
  ['0A', config('feature-not-supported', 'Use a table and a server that support it; `lockstep doctor` says which.')],
  ['22', data('invalid-value', COLUMN_AT_ROW)],
  ['23', data('integrity-violation')],
  ['28', waits('login-refused', LOGIN)],
  ['40', waits('transaction-rolled-back')],
  ['45', data('refused-by-trigger')],
  ['70', waits('statement-cancelled')],
])

/** The server undid the whole transaction, not only the statement, or may have. */
export const UNDOES_TRANSACTION: ReadonlySet<string> = new Set([
  'deadlock',
  'lock-timeout',
  'transaction-rolled-back',
  'serialization-failure',
  'disk-full',
])

/** The meaning of an error, or `undefined` when this adapter has none. */
export function meaningOf(errno: number, sqlstate: string): Meaning | undefined {
  return ERRNOS.get(errno) ?? SQLSTATES.get(sqlstate) ?? SQLSTATES.get(sqlstate.slice(0, 2))
}
