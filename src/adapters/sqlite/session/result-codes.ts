/** Refused rows, by SQLite's extended result codes; the words are those of the other databases. */
export const REFUSED: Readonly<Record<string, string>> = {
  SQLITE_CONSTRAINT_UNIQUE: 'unique-violation',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'unique-violation',
  SQLITE_CONSTRAINT_ROWID: 'unique-violation',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'foreign-key-violation',
  SQLITE_CONSTRAINT_NOTNULL: 'not-null-violation',
  SQLITE_CONSTRAINT_CHECK: 'check-violation',
  SQLITE_CONSTRAINT_DATATYPE: 'datatype-mismatch',
  SQLITE_MISMATCH: 'datatype-mismatch',
  SQLITE_TOOBIG: 'value-too-large',
}

/** What waiting may cure. */
export const AWAY: Readonly<Record<string, { readonly code: string; readonly says: string }>> = {
  SQLITE_BUSY: { code: 'database-busy', says: 'another process holds the lock on the file' },
  SQLITE_LOCKED: { code: 'database-busy', says: 'the database is locked' },
  SQLITE_PROTOCOL: { code: 'database-busy', says: 'the lock on the file could not be had' },
  SQLITE_FULL: { code: 'disk-full', says: 'the disk is full' },
  SQLITE_IOERR: { code: 'file-unreachable', says: 'reading or writing the file failed' },
  SQLITE_CANTOPEN: { code: 'file-unreachable', says: 'the file cannot be opened' },
  SQLITE_READONLY: { code: 'file-readonly', says: 'the file can only be read' },
  SQLITE_PERM: { code: 'file-readonly', says: 'the file may not be opened' },
  SQLITE_NOMEM: { code: 'out-of-memory', says: 'there is no memory left' },
}
